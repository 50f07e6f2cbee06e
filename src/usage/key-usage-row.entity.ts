import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, text } from '../infra/database/column-types.js';

const KEY = { primaryKeyConstraintName: 'pk_key_usage' };

/**
 * What one caller used on one day through one process. By process, so that each process can add what the others have
 * written to what it has served itself, and nothing counts twice or too late.
 */
@Entity('key_usage')
@Index('ix_key_usage_day', ['day'])
export class KeyUsageRow {
  @PrimaryColumn({ ...text('caller_id'), ...KEY })
  callerId!: string;

  /** First millisecond of the UTC day in which the requests started. */
  @PrimaryColumn({ ...big('day'), ...KEY })
  day!: number;

  @PrimaryColumn({ ...text('instance_id'), ...KEY })
  instanceId!: string;

  /** Sent upstream. */
  @Column(big('requests'))
  requests!: number;

  /** Input and output, and of answers that did not tell what counts for them. */
  @Column(big('tokens'))
  tokens!: number;

  /** Millionths of a US dollar: the same, of those whose price was known. */
  @Column(big('cost'))
  cost!: number;

  /** With tokens and no known price: what `cost` lacks. */
  @Column(big('unpriced_requests'))
  unpricedRequests!: number;
}
