import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '@opentelemetry/semantic-conventions';
import {
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
} from '@opentelemetry/semantic-conventions/incubating';
import { redactText } from '../common/logger.js';
import type { AttemptRecord, FinishedRecord } from '../usage/records.js';
import { generationAttributes } from './generation-attributes.js';
import type { TracedRequest } from './request-traces.js';
import { routeTemplate } from './route-template.js';

export interface SpanPlan {
  readonly name: string;
  readonly kind: 'server' | 'client';
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
  readonly attributes: Attributes;
}

interface TracePlan {
  readonly request: SpanPlan;
  readonly attempts: readonly SpanPlan[];
}

/** Where a resource is reached, and who is there; null when it is no longer known. */
export type UpstreamOf = (resourceId: string) => TracedUpstream | null;

export interface TracedUpstream {
  readonly host: string;
  readonly port: number;
  /** What stands for `/v1` of the proxy. No credentials, no query. */
  readonly baseUrl: string;
  /** As the GenAI conventions call it. */
  readonly providerName: string;
}

/** How a WebSocket response is recorded: it was made by an upgrade of GET. */
const WEBSOCKET_METHOD = 'WS';
const MAX_TEXT = 256;
const CONTROLS = /[\p{Cc}\p{Surrogate}\u2028\u2029]/gu;
/** An upstream may write anything where a code belongs, and quote the client in it. */
const CODE = /^[A-Za-z0-9_.-]{1,64}$/;
/** What an attempt of each class came to, when no status says it. */
const ENDED: Readonly<Record<AttemptRecord['class'], string | undefined>> = {
  ok: undefined,
  neutral: undefined,
  A: 'not_sent',
  B: 'refused',
  C1: 'failed',
  C2: 'no_answer',
  D: 'cut_off',
  E: 'request_refused',
};

/**
 * One request as spans: itself, and each attempt below it. Of texts only names, ids and codes: messages of errors may
 * quote what the client sent.
 */
export function planTrace(request: TracedRequest, upstreamOf: UpstreamOf): TracePlan {
  return {
    request: presentable(requestSpan(request, upstreamOf)),
    attempts: request.record.attempts.map((attempt) =>
      presentable(attemptSpan(request, attempt, upstreamOf)),
    ),
  };
}

/** Names and ids are the client's or the upstream's words, too: short, printable, and without what looks like a key. */
function presentable(span: SpanPlan): SpanPlan {
  const attributes = Object.entries(span.attributes).map(([name, value]) =>
    typeof value === 'string'
      ? [name, redactText(value).slice(0, MAX_TEXT).replace(CONTROLS, '\uFFFD')]
      : [name, value],
  );
  return { ...span, name: redactText(span.name), attributes: Object.fromEntries(attributes) as Attributes };
}

function requestSpan(request: TracedRequest, upstreamOf: UpstreamOf): SpanPlan {
  const { record, start } = request;
  const { method, route } = named(request);
  const error = errorOf(record);
  return {
    name: route === null ? method : `${method} ${route}`,
    kind: 'server',
    startedAt: record.startedAt,
    endedAt: record.startedAt + record.latencyMs,
    failed: error !== undefined && !isOfTheClient(record),
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: method,
      [ATTR_HTTP_ROUTE]: route ?? undefined,
      [ATTR_URL_PATH]: start.path,
      [ATTR_URL_SCHEME]: 'http',
      [ATTR_NETWORK_PROTOCOL_NAME]: start.transport,
      [ATTR_USER_AGENT_ORIGINAL]: start.userAgent ?? undefined,
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: record.statusCode ?? undefined,
      [ATTR_HTTP_REQUEST_BODY_SIZE]: start.requestBytes,
      [ATTR_HTTP_RESPONSE_BODY_SIZE]: record.responseBytes ?? undefined,
      [ATTR_ERROR_TYPE]: error,
      ...generationAttributes(request, providerNameOf(record, upstreamOf)),
      ...ownAttributes(request),
    },
  };
}

function attemptSpan(request: TracedRequest, attempt: AttemptRecord, upstreamOf: UpstreamOf): SpanPlan {
  const { method, route } = named(request);
  const upstream = upstreamOf(attempt.resourceId);
  const { status } = attempt;
  const failed = ENDED[attempt.class];
  return {
    name: route === null ? method : `${method} ${route}`,
    kind: 'client',
    startedAt: attempt.startedAt,
    endedAt: attempt.startedAt + attempt.durationMs,
    failed: failed !== undefined,
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: method,
      [ATTR_URL_FULL]: upstream === null ? undefined : urlOf(upstream, request.start.path),
      [ATTR_SERVER_ADDRESS]: upstream?.host,
      [ATTR_SERVER_PORT]: upstream?.port,
      [ATTR_NETWORK_PROTOCOL_NAME]: request.start.transport,
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: status ?? undefined,
      [ATTR_HTTP_REQUEST_RESEND_COUNT]: attempt.n > 1 ? attempt.n - 1 : undefined,
      [ATTR_HTTP_REQUEST_BODY_SIZE]: attempt.bytesSent,
      [ATTR_HTTP_RESPONSE_BODY_SIZE]: attempt.bytesReceived,
      [ATTR_ERROR_TYPE]: status !== null && status >= 400 ? String(status) : failed,
      'responses_proxy.resource.id': attempt.resourceId,
      'responses_proxy.attempt.number': attempt.n,
      'responses_proxy.attempt.class': attempt.class,
      'responses_proxy.decision.reason': reasonOf(request, attempt),
    },
  };
}

/** The path has no query: what a client put there may be a secret. */
function urlOf({ baseUrl }: TracedUpstream, path: string): string {
  return baseUrl + path.replace(/^\/v1(?=\/|$)/, '');
}

/** Of whoever answered; a request that reached nobody was meant for an upstream that speaks OpenAI's API. */
function providerNameOf({ resourceId }: FinishedRecord, upstreamOf: UpstreamOf): string {
  const upstream = resourceId === null ? null : upstreamOf(resourceId);
  return upstream?.providerName ?? GEN_AI_PROVIDER_NAME_VALUE_OPENAI;
}

/** A connection that moved has two decisions for one attempt: where it was first, and where it went. */
function reasonOf({ decisions }: TracedRequest, { n, resourceId }: AttemptRecord): string | undefined {
  return decisions.findLast((one) => one.attempt === n && one.resourceId === resourceId)?.reason;
}

function ownAttributes({ record, start, decisions }: TracedRequest): Attributes {
  const decision = decisions.at(-1);
  const waited = decisions.reduce((sum, { waitedMs }) => sum + waitedMs, 0);
  return {
    'responses_proxy.request.id': record.id,
    'responses_proxy.state': record.state,
    'responses_proxy.resource.id': record.resourceId ?? undefined,
    'responses_proxy.pool.id': start.poolId ?? undefined,
    'responses_proxy.caller.id': start.callerId,
    'responses_proxy.decision.reason': decision?.reason,
    'responses_proxy.affinity.class': decision?.affinityClass,
    'responses_proxy.affinity.result': decision?.affinityResult,
    'responses_proxy.attempts': record.attempts.length,
    'responses_proxy.waited_ms': waited > 0 ? waited : undefined,
    'responses_proxy.cost_micro_usd': record.cost ?? undefined,
    'responses_proxy.upstream_request.id': record.upstreamRequestId ?? undefined,
    'responses_proxy.error.source': record.errorSource ?? undefined,
  };
}

function named({ start }: TracedRequest): { readonly method: string; readonly route: string | null } {
  const method = start.method === WEBSOCKET_METHOD ? 'GET' : start.method;
  return { method, route: routeTemplate(start.path) };
}

/** A short code; undefined when nothing failed. That a client left, or that an answer was cut short, is no failure. */
function errorOf({ errorCode, state, statusCode }: FinishedRecord): string | undefined {
  if (errorCode !== null && CODE.test(errorCode)) return errorCode;
  if (statusCode !== null && statusCode >= 400) return String(statusCode);
  return ['completed', 'incomplete', 'client_aborted'].includes(state) ? undefined : state;
}

/** As the conventions have it for servers: a refused request is the client's failure, not that of who refuses. */
function isOfTheClient({ state, statusCode }: FinishedRecord): boolean {
  if (state === 'client_aborted' || state === 'incomplete' || state === 'completed') return true;
  return statusCode !== null && statusCode >= 400 && statusCode < 500;
}
