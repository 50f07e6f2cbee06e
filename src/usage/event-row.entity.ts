import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, text, textOrNull } from '../infra/database/column-types.js';

/** Something that happened to a resource or to the process. */
@Entity('events')
@Index('ix_events_at_id', ['at', 'id'])
export class EventRow {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_events' })
  id!: string;

  @Column(big('at'))
  at!: number;

  @Column(text('kind'))
  kind!: string;

  @Column(text('severity'))
  severity!: string;

  @Column(textOrNull('resource_id'))
  resourceId!: string | null;

  @Column(textOrNull('request_id'))
  requestId!: string | null;

  @Column(text('message'))
  message!: string;

  /** Flat JSON object. */
  @Column(text('data'))
  data!: string;
}
