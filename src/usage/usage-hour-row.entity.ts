import { Column, Entity, PrimaryColumn } from 'typeorm';
import { big, bigOrNull, text } from '../infra/database/column-types.js';

const KEY = { primaryKeyConstraintName: 'pk_usage_hours' };

/**
 * What the requests of an hour add up to, by model, resource and caller: reports over a month read this and not the
 * requests. Holds exactly those whose `counted` is 3, which do not change any more. Derived: `recountHour` makes it anew.
 */
@Entity('usage_hours')
export class UsageHourRow {
  /** First millisecond of the hour in which the requests started. */
  @PrimaryColumn({ ...big('hour'), ...KEY })
  hour!: number;

  /** As it was billed where that was told; empty = not known. */
  @PrimaryColumn({ ...text('model'), ...KEY })
  model!: string;

  /** Empty = nobody. */
  @PrimaryColumn({ ...text('resource_id'), ...KEY })
  resourceId!: string;

  @PrimaryColumn({ ...text('caller_id'), ...KEY })
  callerId!: string;

  @Column(big('requests'))
  requests!: number;

  @Column(big('failed'))
  failed!: number;

  @Column(bigOrNull('input_tokens'))
  inputTokens!: number | null;

  @Column(bigOrNull('cached_tokens'))
  cachedTokens!: number | null;

  @Column(bigOrNull('cache_write_tokens'))
  cacheWriteTokens!: number | null;

  @Column(bigOrNull('output_tokens'))
  outputTokens!: number | null;

  @Column(bigOrNull('reasoning_tokens'))
  reasoningTokens!: number | null;

  @Column(bigOrNull('total_tokens'))
  totalTokens!: number | null;

  @Column(bigOrNull('cost'))
  cost!: number | null;

  @Column(big('unpriced_requests'))
  unpricedRequests!: number;
}
