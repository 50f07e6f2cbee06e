import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, text, textOrNull } from '../infra/database/column-types.js';

/** A process that uses or has used this database. Not copied when history moves to another database. */
@Entity('processes')
@Index('ix_processes_seen_at', ['seenAt'])
export class ProcessRow {
  @PrimaryColumn({ ...text('instance_id'), primaryKeyConstraintName: 'pk_processes' })
  instanceId!: string;

  @Column(text('role'))
  role!: string;

  @Column(text('version'))
  version!: string;

  @Column(text('host'))
  host!: string;

  /** Epoch ms by the clock of that process, as is `seen_at`. */
  @Column(big('started_at'))
  startedAt!: number;

  @Column(big('seen_at'))
  seenAt!: number;

  /** Identity of its Redis, or `unknown`; null = none configured. */
  @Column(textOrNull('store_id'))
  storeId!: string | null;
}
