import { generates, type RoutingHints } from '../balancer/routing-hints.js';
import { countsUsage } from '../balancer/usage-claim.js';
import type { AffinityBinding, DecisionRecord } from '../state/live-state.js';
import type { TracedRequest } from '../tracing/request-traces.js';
import type { FinishedRecord, RequestState, SessionRef, StartedRecord } from '../usage/records.js';
import type { CapturedBody } from '../usage/spool.js';
import type { TokenUsage } from '../usage/token-usage.js';
import type { TapResult } from '../usage/usage-tap.js';
import type { Exchange } from './exchange.js';
import { storablePath } from './url-credential.js';

const MAX_MESSAGE = 1_000;
const MAX_USER_AGENT = 256;
const MAX_PATH = 200;

/** How an exchange ended, in the words of the record. */
export interface Ending {
  readonly state: RequestState;
  /** What the client heard; null when nothing. */
  readonly statusCode: number | null;
  readonly resourceId: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly errorSource: 'proxy' | 'upstream' | null;
  readonly upstreamRequestId: string | null;
  readonly responseBytes: number;
  readonly tap: TapResult | null;
  readonly bindings: readonly AffinityBinding[];
}

type StartFacts = Omit<StartedRecord, 't' | 'id' | 'decision'>;

// The records of a request are literals, field by field: fields that follow a spread cost V8 a hundred times as much
// (ADR 011).

/** What is known of a request when it starts; also kept with requests that were refused before they did. */
export function startFacts(exchange: Exchange, instanceId: string): StartFacts {
  const { req, hints } = exchange;
  return {
    model: hints?.model ?? null,
    stream: hints?.stream ?? false,
    poolId: hints?.poolId ?? null,
    session: hints === null ? null : sessionOf(hints),
    at: exchange.startedAt,
    instanceId,
    callerId: exchange.callerId,
    transport: exchange.transport,
    method: methodOf(exchange),
    path: pathOf(exchange),
    userAgent: req.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
    requestBytes: exchange.body?.length ?? 0,
  };
}

export function startedRecord(
  exchange: Exchange,
  decision: DecisionRecord,
  instanceId: string,
): StartedRecord {
  const facts = startFacts(exchange, instanceId);
  return {
    t: 'started',
    id: exchange.id,
    decision,
    model: facts.model,
    stream: facts.stream,
    poolId: facts.poolId,
    session: facts.session,
    at: facts.at,
    instanceId,
    callerId: facts.callerId,
    transport: facts.transport,
    method: facts.method,
    path: facts.path,
    userAgent: facts.userAgent,
    requestBytes: facts.requestBytes,
  };
}

function methodOf({ req, method }: Exchange): string {
  return method ?? req.method ?? 'GET';
}

/** Never the query: it is the client's, and nobody has promised that it holds no secret. A path that is none may hold one, too. */
function pathOf(exchange: Exchange): string {
  if (exchange.route !== null) return exchange.route.pathWithoutQuery;
  return storablePath(exchange.req.url?.split('?', 1)[0] ?? '').slice(0, MAX_PATH);
}

function sessionOf(hints: RoutingHints): SessionRef | null {
  if (hints.sessionId === null) return null;
  return {
    id: hints.sessionId,
    source: hints.sessionSource ?? 'unknown',
    name: hints.sessionName,
    threadId: hints.threadId,
    parentThreadId: hints.parentThreadId,
  };
}

interface SpentFacts {
  readonly usage: TokenUsage | null;
  readonly cost: number | null;
  /** What counts in place of both. */
  readonly charge: { readonly tokens: number; readonly cost: number } | null;
}

export function finishedRecord(
  exchange: Exchange,
  ending: Ending,
  { usage, cost, charge }: SpentFacts,
  now: number,
  instanceId: string,
): FinishedRecord {
  const tap = ending.tap;
  return {
    t: 'finished',
    id: exchange.id,
    startedAt: exchange.startedAt,
    at: now,
    state: ending.state,
    statusCode: ending.statusCode,
    resourceId: ending.resourceId,
    errorCode: ending.errorCode,
    errorMessage: ending.errorMessage?.slice(0, MAX_MESSAGE) ?? null,
    errorSource: ending.errorSource,
    latencyMs: exchange.elapsed(),
    firstByteMs: exchange.firstByteMs,
    responseBytes: ending.responseBytes,
    responseId: tap?.responseId ?? null,
    upstreamRequestId: ending.upstreamRequestId,
    servedModel: tap?.servedModel ?? null,
    usage,
    cost,
    charged:
      charge === null
        ? null
        : { callerId: exchange.callerId, instanceId, tokens: charge.tokens, cost: charge.cost },
    attempts: exchange.attempts,
    decisions: exchange.recorded
      ? exchange.decisions.toSpliced(exchange.refusedBefore, 1)
      : exchange.decisions,
    bindings: ending.bindings,
    rejected: exchange.recorded ? null : startFacts(exchange, instanceId),
  };
}

/** The same facts as a trace has them. */
export function tracedRequest(exchange: Exchange, record: FinishedRecord, instanceId: string): TracedRequest {
  const { traceparent, tracestate } = exchange.req.headers;
  const parent =
    exchange.traceparent === null
      ? { traceparent: one(traceparent), tracestate: one(tracestate) }
      : { traceparent: exchange.traceparent, tracestate: null };
  return {
    record,
    start: record.rejected ?? startFacts(exchange, instanceId),
    decisions: exchange.decisions,
    generates: exchange.hints !== null && generates(exchange.hints),
    parent,
  };
}

/** Of a header that comes twice nobody knows which is meant. */
function one(value: string | readonly string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** Null also where the answer repeats what another request has counted. */
export function usageOf({ hints }: Exchange, { tap, bindings }: Ending): TokenUsage | null {
  if (tap === null || tap.usage === null || hints === null) return null;
  return countsUsage(hints, bindings) ? tap.usage : null;
}

/** The request body as far as it is kept. A copy is not made: the record is written before the buffer is let go. */
export function captureRequest(exchange: Exchange, maxBytes: number): CapturedBody | null {
  const body = exchange.body;
  if (maxBytes === 0 || body === null || body.length === 0) return null;
  return {
    meta: {
      contentType:
        exchange.transport === 'websocket'
          ? 'application/json'
          : (exchange.req.headers['content-type'] ?? null),
      contentEncoding: exchange.req.headers['content-encoding'] ?? null,
      size: body.length,
      truncated: body.length > maxBytes,
    },
    chunks: [body.length > maxBytes ? body.subarray(0, maxBytes) : body],
  };
}

/** The one line an exchange leaves in the log. No query, no header, no body. */
export function logLine(
  exchange: Exchange,
  ending: Ending,
  { usage, cost }: Pick<FinishedRecord, 'usage' | 'cost'>,
): Record<string, string | number | boolean | null | undefined> {
  return {
    id: exchange.id,
    state: ending.state,
    status: ending.statusCode,
    method: methodOf(exchange),
    path: pathOf(exchange),
    model: exchange.hints?.model,
    session: exchange.hints?.sessionId,
    resource: ending.resourceId,
    reason: exchange.decisions.at(-1)?.reason,
    attempts: exchange.attempts.length,
    ms: exchange.elapsed(),
    first_byte_ms: exchange.firstByteMs,
    input_tokens: usage?.inputTokens,
    cached_tokens: usage?.cachedTokens,
    output_tokens: usage?.outputTokens,
    cost_micro_usd: cost ?? undefined,
    // Why a cost is not known that the model's list price would tell.
    service_tier: ending.tap?.serviceTier ?? undefined,
    error: ending.errorCode,
    no_retry: unretried(exchange),
  };
}

/** Why the last attempt, where it failed, was the last. */
function unretried({ attempts }: Exchange): string | undefined {
  const last = attempts.at(-1);
  return last === undefined || last.class === 'ok' ? undefined : last.retryReason;
}
