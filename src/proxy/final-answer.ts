import { ProxyError } from '../common/errors.js';
import { isQuotaCode, lacksScope } from '../health/account-codes.js';
import type { Others } from '../balancer/others.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { stopping } from './stop-reason.js';

/** Longest wait a client is told: Codex sits out any value, the openai SDK ignores more than 60 s. */
const MAX_TOLD_SECONDS = 60;
const DEFAULT_RATE_LIMIT_MS = 20_000;
/** A 503 that names no time: small, for most are over in a moment. */
const DEFAULT_UNAVAILABLE_MS = 5_000;

/** One attempt's resource and how it ended, for the decision about what the client hears. */
export interface TriedResource {
  readonly resourceId: string;
  readonly outcome: AttemptOutcome;
}

/** `pass`: the last upstream answer, unchanged but for its `retry-after` where one is given. `own`: an error of ours. */
export type FinalAnswer =
  | { readonly kind: 'pass'; readonly retryAfterSeconds: number | null }
  | { readonly kind: 'own'; readonly error: ProxyError };

export interface FinalFacts {
  /** Those that were not tried and could serve it, now or after a wait; null = there are none. */
  readonly others: Others | null;
  /** The request makes a response; otherwise a 403 says what this kind of request may not do, with any key. */
  readonly generates: boolean;
  /** Whoever was asked refused the request itself, see `sameRefusal`. */
  readonly requestAtFault?: boolean;
  /** Of a WebSocket: nothing of a request was in it. */
  readonly handshake?: boolean;
}

/**
 * What the client hears when no attempt could be served. A verdict on one of our keys (401, 403, quota) is never the
 * client's: its own credential is fine. Waits are the shortest that can help.
 */
export function finalAnswer(tried: readonly TriedResource[], facts: FinalFacts): FinalAnswer {
  const last = tried.at(-1);
  if (last === undefined) return own('internal_error', 'No attempt was made.');
  const limited = tried.filter(({ outcome }) => isRateLimited(outcome));
  const refused = tried.filter(({ outcome }) => isKeyRefusal(outcome));
  if (facts.requestAtFault === true || forbidsKind(tried, facts))
    return { kind: 'pass', retryAfterSeconds: null };
  if (isRateLimited(last.outcome))
    return { kind: 'pass', retryAfterSeconds: told(soonest(limited, facts.others)) };
  if (isUnavailable(last.outcome)) return unavailable(last, facts);
  if (isKeyRefusal(last.outcome) || isModelRefusal(last.outcome)) {
    if (limited.length > 0 || facts.others !== null) return comeBack(tried, limited, facts.others);
    if (isKeyRefusal(last.outcome)) return keysRefused(refused);
  }
  return byOutcome(last, facts);
}

/** Requests of this kind, with any key. */
function forbidsKind(tried: readonly TriedResource[], { generates }: FinalFacts): boolean {
  if (generates || !tried.some(({ outcome }) => isKeyRefusal(outcome))) return false;
  return tried.every(({ outcome }) => isForbidden(outcome));
}

/** Codex ends the turn at these, whatever else the answer says. */
const FATAL_CODES = new Set(['server_is_overloaded', 'slow_down']);

function isUnavailable(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status === 503;
}

/** As it came, with a time to come back at. What would end the client's turn is said in our own words. */
function unavailable(last: TriedResource, { others }: FinalFacts): FinalAnswer {
  const { resourceId, outcome } = last;
  const waits = [waitOf(outcome), others?.waitMs ?? null].filter((ms) => ms !== null);
  const retryAfterSeconds = told(waits.length === 0 ? DEFAULT_UNAVAILABLE_MS : Math.min(...waits));
  if (outcome.kind !== 'answered' || outcome.code === null || !FATAL_CODES.has(outcome.code))
    return { kind: 'pass', retryAfterSeconds };
  const message = `The keys tried are overloaded upstream (${resourceId}: ${outcome.code}); try again in ${retryAfterSeconds} s.`;
  return {
    kind: 'own',
    error: new ProxyError('no_available_resources', message, { retryAfterSeconds }),
  };
}

/** What was refused was refused to these keys alone: another one, or the same after its pause, may serve it. */
function comeBack(
  tried: readonly TriedResource[],
  limited: readonly TriedResource[],
  others: Others | null,
): FinalAnswer {
  const waitMs = soonest(limited, others);
  const retryAfterSeconds = told(waitMs);
  const onlyPauses = limited.length > 0 || others?.paused === true;
  const message = `The keys tried cannot serve this now (${listOf(tried)}); another try may in ${retryAfterSeconds} s.`;
  return {
    kind: 'own',
    error: new ProxyError(onlyPauses ? 'upstream_rate_limited' : 'no_available_resources', message, {
      retryAfterSeconds,
      // An SDK that came back any sooner would only hit the same wall.
      shouldRetry: waitMs <= MAX_TOLD_SECONDS * 1000,
    }),
  };
}

function isForbidden(outcome: AttemptOutcome): boolean {
  if (outcome.kind !== 'answered') return false;
  const { status, code, message } = outcome;
  return status === 403 || (status === 401 && lacksScope(code, message));
}

function byOutcome(last: TriedResource, { handshake = false }: FinalFacts): FinalAnswer {
  return (handshake ? ofHandshake(last) : null) ?? byKind(last);
}

/** Nothing of a request was in it, and one limit covers connecting and the answer: the attempt names it. */
function ofHandshake({ resourceId, outcome }: TriedResource): FinalAnswer | null {
  if (outcome.kind === 'unsent' && outcome.cause === 'connect_timeout')
    return own('upstream_connect_timeout', `${resourceId}: ${outcome.message}.`);
  if (outcome.kind !== 'lost') return null;
  const { cause, message } = outcome;
  if (cause === 'first_byte_timeout') return own('upstream_first_byte_timeout', `${resourceId}: ${message}.`);
  if (cause !== 'reset' && cause !== 'eof') return null;
  return own(
    'upstream_connection_lost',
    `The connection to ${resourceId} broke in the WebSocket handshake (${message}).`,
  );
}

function byKind({ resourceId, outcome }: TriedResource): FinalAnswer {
  switch (outcome.kind) {
    case 'answered':
      if (outcome.status >= 300 && outcome.status < 400) {
        return own(
          'unexpected_redirect',
          `${resourceId} answered ${outcome.status}, a redirect, which is never followed. Check its base URL.`,
        );
      }
      return { kind: 'pass', retryAfterSeconds: capped(outcome.retryAfterMs) };
    case 'unsent':
      return unsent(resourceId, outcome.cause, outcome.message);
    case 'lost':
      return lost(resourceId, outcome.cause, outcome.message);
    case 'neutral':
      return neutral(outcome.cause);
    case 'served':
    case 'cut':
    case 'failed_in_stream':
      return own('internal_error', 'The answer had already begun.');
    default: {
      const never: never = outcome;
      return never;
    }
  }
}

function neutral(cause: Extract<AttemptOutcome, { kind: 'neutral' }>['cause']): FinalAnswer {
  if (cause === 'shutdown') return { kind: 'own', error: stopping() };
  if (cause === 'unauthorized')
    return own('unauthorized', 'This client key was revoked, or expired, while the request was served.');
  return own('internal_error', 'The exchange ended without an answer.');
}

type UnsentCause = Extract<AttemptOutcome, { kind: 'unsent' }>['cause'];

function unsent(resourceId: string, cause: UnsentCause, message: string): FinalAnswer {
  switch (cause) {
    case 'connect_timeout':
      return own(
        'upstream_connect_timeout',
        `${resourceId} could not be connected to in time (PROXY_CONNECT_TIMEOUT_SECONDS): ${message}`,
      );
    case 'queue_timeout':
    case 'total_timeout':
      return own(
        'upstream_total_timeout',
        `${resourceId}: ${message} (PROXY_REQUEST_TIMEOUT_SECONDS). Nothing was processed.`,
      );
    default:
      return own('upstream_unreachable', `${resourceId} could not be reached: ${message}. Nothing was sent.`);
  }
}

type LostCause = Extract<AttemptOutcome, { kind: 'lost' }>['cause'];

function lost(resourceId: string, cause: LostCause, message: string): FinalAnswer {
  switch (cause) {
    case 'first_byte_timeout':
      return own(
        'upstream_first_byte_timeout',
        `${resourceId} sent no answer in time (PROXY_FIRST_BYTE_TIMEOUT_SECONDS).`,
      );
    case 'idle_timeout':
      return own(
        'upstream_idle_timeout',
        `${resourceId} fell silent in the middle of its answer (PROXY_IDLE_TIMEOUT_SECONDS).`,
      );
    case 'total_timeout':
      return own('upstream_total_timeout', `${resourceId}: ${message} (PROXY_REQUEST_TIMEOUT_SECONDS).`);
    case 'garbage':
      return own(
        'bad_upstream_response',
        `${resourceId} answered something that is not usable HTTP: ${message}`,
      );
    case 'reset':
    case 'eof':
      return own(
        'upstream_connection_lost',
        `The connection to ${resourceId} broke after the request was sent (${message}). It may have been processed, so it was not sent again.`,
      );
    default: {
      const never: never = cause;
      return never;
    }
  }
}

function keysRefused(refused: readonly TriedResource[]): FinalAnswer {
  return own(
    'upstream_auth_failed',
    `Every usable key was refused by the upstream (${listOf(refused)}). Your own credential is fine; the operator must replace or top up these keys.`,
  );
}

function listOf(tried: readonly TriedResource[]): string {
  return tried.map(({ resourceId, outcome }) => `${resourceId}: ${verdict(outcome)}`).join(', ');
}

function verdict(outcome: AttemptOutcome): string {
  return outcome.kind === 'answered'
    ? `${outcome.status}${outcome.code === null ? '' : ` ${outcome.code}`}`
    : outcome.kind;
}

function isKeyRefusal(outcome: AttemptOutcome): boolean {
  if (outcome.kind !== 'answered') return false;
  if (isQuotaCode(outcome.code)) return true;
  return outcome.status === 401 || (outcome.status === 403 && outcome.code !== 'model_not_found');
}

/** Another key may have the model. */
function isModelRefusal(outcome: AttemptOutcome): boolean {
  if (outcome.kind !== 'answered' || outcome.code !== 'model_not_found') return false;
  return outcome.status === 403 || outcome.status === 404;
}

function isRateLimited(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status === 429 && !isKeyRefusal(outcome);
}

/** The shortest wait that can help, in milliseconds; at least one of both is there. */
function soonest(limited: readonly TriedResource[], others: Others | null): number {
  const waits = limited.map(({ outcome }) => waitOf(outcome) ?? DEFAULT_RATE_LIMIT_MS);
  return Math.min(...waits, others?.waitMs ?? Infinity);
}

function waitOf(outcome: AttemptOutcome): number | null {
  return outcome.kind === 'answered' ? outcome.retryAfterMs : null;
}

/** Whole seconds a client may be told. */
function told(ms: number): number {
  return Math.min(MAX_TOLD_SECONDS, Math.max(1, Math.ceil(ms / 1000)));
}

/** Null where the upstream's own wait may stand. */
function capped(ms: number | null): number | null {
  return ms !== null && ms > MAX_TOLD_SECONDS * 1000 ? MAX_TOLD_SECONDS : null;
}

function own(code: ConstructorParameters<typeof ProxyError>[0], message: string): FinalAnswer {
  return { kind: 'own', error: new ProxyError(code, message) };
}
