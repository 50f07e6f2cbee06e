import type { FinishedRecord, StartedRecord } from './records.js';
import { Sanitizer } from './sanitizer.js';
import type { SqlValue } from './sql-values.js';
import type { TableSpec } from './table-writer.js';

/** What a batch says about one request: the records of it, folded. */
export interface RequestFold {
  readonly id: string;
  start: StartFacts | null;
  /** The resource of the first attempt. */
  triedFirst: string | null;
  /** The one with the highest rank. */
  finish: FinishedRecord | null;
}

type StartFacts = Omit<StartedRecord, 't' | 'id' | 'decision'>;

const START_COLUMNS = [
  'started_at',
  'instance_id',
  'caller_id',
  'session_id',
  'session_name',
  'session_source',
  'thread_id',
  'parent_thread_id',
  'pool_id',
  'model',
  'method',
  'path',
  'stream',
  'transport',
  'user_agent',
  'request_bytes',
] as const;

const FINISH_COLUMNS = [
  'state',
  'finished_at',
  'latency_ms',
  'first_byte_ms',
  'status_code',
  'error_code',
  'error_message',
  'error_source',
  'attempt_count',
  'input_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'cost',
  'response_bytes',
  'response_id',
  'upstream_request_id',
  'served_model',
] as const;

const keepStart = (c: string) =>
  `"${c}" = CASE WHEN "requests"."has_start" = 1 THEN "requests"."${c}" ELSE excluded."${c}" END`;
const higherFinish = (c: string) =>
  `"${c}" = CASE WHEN excluded."finish_rank" > "requests"."finish_rank" THEN excluded."${c}" ELSE "requests"."${c}" END`;
const either = (c: string) => `"${c}" = CASE WHEN excluded."${c}" = 1 THEN 1 ELSE "requests"."${c}" END`;

/**
 * The merge: start facts are taken once, finish facts by rank. It is commutative and idempotent, so a row depends on
 * which records came, not on their order or number. All expressions read the row as it was before the update.
 */
export const REQUESTS: TableSpec = {
  table: 'requests',
  columns: [
    'id',
    'has_start',
    'finish_rank',
    'counted',
    'strings_cut',
    'resource_id',
    ...START_COLUMNS,
    ...FINISH_COLUMNS,
  ],
  key: ['id'],
  onConflict: `UPDATE SET ${[
    ...START_COLUMNS.map(keepStart),
    ...FINISH_COLUMNS.map(higherFinish),
    // A finish names the resource that answered; a start only the first one tried.
    `"resource_id" = CASE WHEN excluded."finish_rank" > "requests"."finish_rank"
       THEN COALESCE(excluded."resource_id", "requests"."resource_id")
       ELSE COALESCE("requests"."resource_id", excluded."resource_id") END`,
    either('has_start'),
    either('strings_cut'),
    higherFinish('finish_rank'),
  ].join(', ')}`,
};

/** 0 open, 1 interrupted, 2 really finished. */
export function finishRank(finish: FinishedRecord | null): number {
  if (finish === null) return 0;
  return finish.state === 'interrupted' ? 1 : 2;
}

export function requestRow(fold: RequestFold): SqlValue[] {
  const s = new Sanitizer();
  const start = startValues(s, fold);
  const finish = finishValues(s, fold.finish);
  const resourceId = s.textOrNull(fold.finish?.resourceId ?? fold.triedFirst);
  const id = s.text(fold.id);
  const hasStart = fold.start === null ? 0 : 1;
  const rank = finishRank(fold.finish);
  // Right for a new row, whose writer counts it; an existing row keeps its own.
  const counted = hasStart === 0 ? 0 : 1 + rank;
  return [id, hasStart, rank, counted, s.cut ? 1 : 0, resourceId, ...start, ...finish];
}

function startValues(s: Sanitizer, { start, finish }: RequestFold): SqlValue[] {
  if (start === null) {
    const values = START_COLUMNS.map((): SqlValue => null);
    values[0] = s.intOr(finish?.startedAt, 0);
    return values;
  }
  return [
    s.intOr(start.at, 0),
    s.text(start.instanceId),
    s.text(start.callerId),
    s.textOrNull(start.session?.id),
    s.textOrNull(start.session?.name),
    s.textOrNull(start.session?.source),
    s.textOrNull(start.session?.threadId),
    s.textOrNull(start.session?.parentThreadId),
    s.textOrNull(start.poolId),
    s.textOrNull(start.model),
    s.text(start.method),
    s.text(start.path),
    start.stream ? 1 : 0,
    s.text(start.transport),
    s.textOrNull(start.userAgent),
    s.int(start.requestBytes),
  ];
}

/** A drained request knows its attempts; one that its process's death interrupted does not. */
function attemptCount({ state, attempts }: FinishedRecord): number | null {
  return state === 'interrupted' && attempts.length === 0 ? null : attempts.length;
}

function finishValues(s: Sanitizer, finish: FinishedRecord | null): SqlValue[] {
  if (finish === null) {
    const values = FINISH_COLUMNS.map((): SqlValue => null);
    values[0] = 'in_progress';
    return values;
  }
  const { usage } = finish;
  return [
    s.text(finish.state),
    s.int(finish.at),
    s.int(finish.latencyMs),
    s.int(finish.firstByteMs),
    s.int(finish.statusCode),
    s.textOrNull(finish.errorCode),
    s.textOrNull(finish.errorMessage),
    s.textOrNull(finish.errorSource),
    attemptCount(finish),
    s.int(usage?.inputTokens),
    s.int(usage?.cachedTokens),
    s.int(usage?.cacheWriteTokens),
    s.int(usage?.outputTokens),
    s.int(usage?.reasoningTokens),
    s.int(usage?.totalTokens),
    s.int(finish.cost),
    s.int(finish.responseBytes),
    s.textOrNull(finish.responseId),
    s.textOrNull(finish.upstreamRequestId),
    s.textOrNull(finish.servedModel),
  ];
}
