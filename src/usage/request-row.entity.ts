import { FAILED_STATES } from '../common/request-states.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import {
  big,
  bigOrNull,
  flag,
  flagOrNull,
  int,
  intOrNull,
  text,
  textOrNull,
} from '../infra/database/column-types.js';
import { listed } from './sql-values.js';

/** One request, whatever became of it. Start facts and finish facts arrive in separate records, in any order. */
@Entity('requests')
@Index('ix_requests_started_at_id', ['startedAt', 'id'])
@Index('ix_requests_session_id_started_at_id', ['sessionId', 'startedAt', 'id'])
@Index('ix_requests_resource_id_started_at_id', ['resourceId', 'startedAt', 'id'])
@Index('ix_requests_caller_id_started_at_id', ['callerId', 'startedAt', 'id'])
@Index('ix_requests_status_code_started_at_id', ['statusCode', 'startedAt', 'id'])
@Index('ix_requests_model_started_at_id', ['model', 'startedAt', 'id'])
@Index('ix_requests_state_started_at_id', ['state', 'startedAt', 'id'])
// By what others call it; upstreams choose these, and an index has room for 2,700 bytes.
@Index('ix_requests_response_id', ['responseId'], { where: 'length("response_id") <= 512' })
@Index('ix_requests_upstream_request_id', ['upstreamRequestId'], {
  where: 'length("upstream_request_id") <= 512',
})
// Why requests failed, for charts of weeks: read from here alone, as each has its row on a page of its own.
@Index('ix_requests_failed', ['state', 'startedAt', 'id', 'errorCode', 'counted'], {
  where: `"state" IN (${listed(FAILED_STATES)})`,
})
// The few that sums of hours do not hold yet.
@Index('ix_requests_not_counted', ['startedAt'], { where: '"counted" < 3' })
export class RequestRow {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_requests' })
  id!: string;

  /** 1 once the start facts are in; they are written once and then kept. */
  @Column(flag('has_start'))
  hasStart!: number;

  /** 0 open, 1 interrupted, 2 really finished. A higher rank replaces a lower one, never the other way. */
  @Column(int('finish_rank'))
  finishRank!: number;

  /** How far the session totals have this row: 0 nothing, 1 started, 2 interrupted, 3 finished. */
  @Column(int('counted'))
  counted!: number;

  /** 1 when a string was longer than its column allows. */
  @Column(flag('strings_cut'))
  stringsCut!: number;

  /** `in_progress` or a RequestState. */
  @Column(text('state'))
  state!: string;

  @Column(textOrNull('instance_id'))
  instanceId!: string | null;

  @Column(textOrNull('caller_id'))
  callerId!: string | null;

  @Column(textOrNull('session_id'))
  sessionId!: string | null;

  @Column(textOrNull('session_name'))
  sessionName!: string | null;

  @Column(textOrNull('session_source'))
  sessionSource!: string | null;

  @Column(textOrNull('thread_id'))
  threadId!: string | null;

  @Column(textOrNull('parent_thread_id'))
  parentThreadId!: string | null;

  @Column(textOrNull('pool_id'))
  poolId!: string | null;

  @Column(textOrNull('model'))
  model!: string | null;

  @Column(textOrNull('method'))
  method!: string | null;

  @Column(textOrNull('path'))
  path!: string | null;

  @Column(flagOrNull('stream'))
  stream!: number | null;

  @Column(textOrNull('transport'))
  transport!: string | null;

  @Column(textOrNull('user_agent'))
  userAgent!: string | null;

  @Column(bigOrNull('request_bytes'))
  requestBytes!: number | null;

  @Column(big('started_at'))
  startedAt!: number;

  @Column(textOrNull('resource_id'))
  resourceId!: string | null;

  @Column(bigOrNull('finished_at'))
  finishedAt!: number | null;

  @Column(bigOrNull('latency_ms'))
  latencyMs!: number | null;

  @Column(bigOrNull('first_byte_ms'))
  firstByteMs!: number | null;

  @Column(intOrNull('status_code'))
  statusCode!: number | null;

  @Column(textOrNull('error_code'))
  errorCode!: string | null;

  @Column(textOrNull('error_message'))
  errorMessage!: string | null;

  @Column(textOrNull('error_source'))
  errorSource!: string | null;

  @Column(intOrNull('attempt_count'))
  attemptCount!: number | null;

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

  /** Millionths of a US dollar, by the prices of the day it ended; null = not known. */
  @Column(bigOrNull('cost'))
  cost!: number | null;

  @Column(bigOrNull('response_bytes'))
  responseBytes!: number | null;

  @Column(textOrNull('response_id'))
  responseId!: string | null;

  @Column(textOrNull('upstream_request_id'))
  upstreamRequestId!: string | null;

  @Column(textOrNull('served_model'))
  servedModel!: string | null;
}
