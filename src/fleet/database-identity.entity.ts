import { Column, Entity, PrimaryColumn } from 'typeorm';
import { big, text } from '../infra/database/column-types.js';

/** Which database this is: one row, made with the table. Not copied when history moves to another database. */
@Entity('database_identity')
export class DatabaseIdentity {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_database_identity' })
  id!: string;

  @Column(big('created_at'))
  createdAt!: number;
}
