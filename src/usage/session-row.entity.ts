import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, bigOrNull, text, textOrNull } from '../infra/database/column-types.js';

/** A session of one caller, with totals that outlive its pruned requests. */
@Entity('sessions')
@Index('ix_sessions_last_seen_at_id', ['lastSeenAt', 'id'])
@Index('ix_sessions_parent_thread_id', ['parentThreadId'], {
  where: '"parent_thread_id" IS NOT NULL',
})
export class SessionRow {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_sessions' })
  id!: string;

  @PrimaryColumn({ ...text('caller_id'), primaryKeyConstraintName: 'pk_sessions' })
  callerId!: string;

  @Column(textOrNull('name'))
  name!: string | null;

  /** Time and id of the request that gave the name: the latest wins, however often it arrives. */
  @Column(textOrNull('name_key'))
  nameKey!: string | null;

  @Column(textOrNull('source'))
  source!: string | null;

  @Column(textOrNull('parent_thread_id'))
  parentThreadId!: string | null;

  @Column(text('last_key'))
  lastKey!: string;

  @Column(big('first_seen_at'))
  firstSeenAt!: number;

  @Column(big('last_seen_at'))
  lastSeenAt!: number;

  @Column(textOrNull('last_resource_id'))
  lastResourceId!: string | null;

  @Column(textOrNull('resource_key'))
  resourceKey!: string | null;

  @Column(big('request_count'))
  requestCount!: number;

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

  /** Millionths of a US dollar, of the requests whose price was known. */
  @Column(bigOrNull('cost'))
  cost!: number | null;

  /** Requests with tokens and no known price: what `cost` lacks. */
  @Column(bigOrNull('unpriced_requests'))
  unpricedRequests!: number | null;

  /** Ended neither completed nor incomplete. */
  @Column(bigOrNull('failed_requests'))
  failedRequests!: number | null;
}
