import type { ProxyError } from '../common/errors.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import type { TapResult } from '../usage/usage-tap.js';
import type { AnswerHead } from './answer-head.js';
import type { Ending } from './exchange-records.js';
import type { StopCause } from './stop-reason.js';

/** Code of a stream that ended without its last event. */
export const CUT_SHORT = 'incomplete_stream';

/** What made a committed answer end. */
export type CommittedEnd = 'terminal' | 'eof' | 'cut' | 'client_gone' | StopCause | 'stalled' | 'overloaded';

type Core = Pick<Ending, 'state' | 'statusCode' | 'errorCode' | 'errorMessage' | 'errorSource'>;
export type { Core as EndingCore };

/** The verdict on a committed answer: for health (outcome) and for the record (ending). Pure. */
export function endingOf(
  how: CommittedEnd,
  head: AnswerHead,
  tap: TapResult,
  failure: AttemptOutcome | null,
  clientGone: boolean,
): { outcome: AttemptOutcome; ending: Core } {
  const core = (state: Core['state'], code: string | null, message: string | null, ours = true): Core => ({
    state,
    statusCode: head.status,
    errorCode: code,
    errorMessage: message,
    errorSource: code === null ? null : ours ? 'proxy' : 'upstream',
  });
  switch (how) {
    case 'cut':
      return cutEnding(failure, core);
    case 'terminal':
    case 'eof': {
      const complete = completeEnding(how, head, tap, core, failure);
      return clientGone ? { ...complete, ending: { ...complete.ending, state: 'client_aborted' } } : complete;
    }
    default: {
      const [state, code, message, cause] = OURS[how];
      return { outcome: { kind: 'neutral', cause }, ending: core(state, code, message) };
    }
  }
}

/** Of one that the client was told in our own words. */
export function toldEnding({ status, code, message }: ProxyError): Core {
  return {
    state: 'upstream_error',
    statusCode: status,
    errorCode: code,
    errorMessage: message,
    errorSource: 'proxy',
  };
}

type Rest = Omit<Ending, keyof Core>;

/** The whole of it. A literal: fields that follow a spread cost V8 a hundred times as much. */
export function wholeEnding(core: Core, rest: Rest): Ending {
  return {
    state: core.state,
    statusCode: core.statusCode,
    errorCode: core.errorCode,
    errorMessage: core.errorMessage,
    errorSource: core.errorSource,
    resourceId: rest.resourceId,
    upstreamRequestId: rest.upstreamRequestId,
    responseBytes: rest.responseBytes,
    tap: rest.tap,
    bindings: rest.bindings,
  };
}

type OwnEnd = Exclude<CommittedEnd, 'cut' | 'terminal' | 'eof'>;
type NeutralCause = Extract<AttemptOutcome, { kind: 'neutral' }>['cause'];

/** Ends that are nobody's upstream: state, code and message of the record, and what health hears. */
const OURS: Readonly<
  Record<OwnEnd, readonly [state: Core['state'], code: string, message: string, cause: NeutralCause]>
> = {
  client_gone: [
    'client_aborted',
    'client_aborted',
    'The client closed the connection before the answer ended.',
    'client_aborted',
  ],
  stalled: [
    'client_aborted',
    'client_stalled',
    'The client read nothing for too long (PROXY_CLIENT_STALL_TIMEOUT_SECONDS).',
    'client_aborted',
  ],
  shutdown: ['interrupted', 'server_shutdown', 'The process stopped before the answer ended.', 'shutdown'],
  unauthorized: [
    'interrupted',
    'unauthorized',
    'The client key was revoked or expired before the answer ended.',
    'unauthorized',
  ],
  overloaded: [
    'interrupted',
    'overloaded',
    'The connection was closed for want of memory (PROXY_MAX_BUFFERED_BYTES) before the answer ended.',
    'internal',
  ],
};

type MakeCore = (state: Core['state'], code: string | null, message: string | null, ours?: boolean) => Core;

type LostCause = Extract<AttemptOutcome, { kind: 'lost' }>['cause'];
type CutCause = Extract<AttemptOutcome, { kind: 'cut' }>['cause'];

const CUT: Readonly<Record<LostCause, readonly [CutCause, string]>> = {
  reset: ['reset', 'upstream_connection_lost'],
  eof: ['eof', 'upstream_connection_lost'],
  garbage: ['garbage', 'upstream_connection_lost'],
  first_byte_timeout: ['first_byte_timeout', 'upstream_first_byte_timeout'],
  idle_timeout: ['idle_timeout', 'upstream_idle_timeout'],
  total_timeout: ['total_timeout', 'upstream_total_timeout'],
};

function cutEnding(
  failure: AttemptOutcome | null,
  core: MakeCore,
): { outcome: AttemptOutcome; ending: Core } {
  const lost = failure?.kind === 'lost' ? failure : null;
  const [cause, code] = CUT[lost?.cause ?? 'reset'];
  const message = lost?.message ?? 'the upstream connection broke';
  const state = code.endsWith('_timeout') ? 'timeout' : 'upstream_error';
  return { outcome: { kind: 'cut', cause, message }, ending: core(state, code, message) };
}

function completeEnding(
  how: 'terminal' | 'eof',
  head: AnswerHead,
  tap: TapResult,
  core: MakeCore,
  failure: AttemptOutcome | null,
): { outcome: AttemptOutcome; ending: Core } {
  const { status, rateLimit } = head;
  if (status >= 400) {
    const { errorCode: code, errorMessage: message } = tap;
    return {
      outcome: { kind: 'answered', status, code, message, retryAfterMs: head.retryAfterMs, rateLimit },
      ending: core('upstream_error', code ?? `http_${status}`, message, false),
    };
  }
  if (tap.terminal === 'failed' || tap.terminal === 'error') {
    return {
      outcome: { kind: 'failed_in_stream', code: tap.errorCode, message: tap.errorMessage },
      ending: core('failed', tap.errorCode ?? tap.terminal, tap.errorMessage, false),
    };
  }
  if (tap.terminal === 'incomplete') {
    return { outcome: { kind: 'served', status, rateLimit }, ending: core('incomplete', null, null) };
  }
  if (tap.isSse && tap.terminal === null && how === 'eof') {
    const why = failure?.kind === 'lost' ? `: ${failure.message}` : '';
    const message = `The stream ended without a terminal event${why}.`;
    return {
      outcome: { kind: 'cut', cause: 'no_terminal', message },
      ending: core('incomplete', CUT_SHORT, message, false),
    };
  }
  return { outcome: { kind: 'served', status, rateLimit }, ending: core('completed', null, null) };
}
