import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, int, intOrNull, text, textOrNull } from '../infra/database/column-types.js';

/** One try of a request on one resource. */
@Entity('attempts')
@Index('ix_attempts_started_at', ['startedAt'])
export class AttemptRow {
  @PrimaryColumn({ ...text('request_id'), primaryKeyConstraintName: 'pk_attempts' })
  requestId!: string;

  @PrimaryColumn({ ...int('n'), primaryKeyConstraintName: 'pk_attempts' })
  n!: number;

  @Column(text('resource_id'))
  resourceId!: string;

  @Column(text('class'))
  class!: string;

  @Column(intOrNull('status'))
  status!: number | null;

  @Column(textOrNull('error'))
  error!: string | null;

  @Column(big('started_at'))
  startedAt!: number;

  @Column(big('duration_ms'))
  durationMs!: number;

  @Column(big('bytes_sent'))
  bytesSent!: number;

  @Column(big('bytes_received'))
  bytesReceived!: number;

  @Column(textOrNull('retry_reason'))
  retryReason!: string | null;
}
