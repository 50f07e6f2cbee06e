import type { AttemptClass, AttemptOutcome } from './attempt-outcome.js';
import { failureOf, type Failure } from './failure-codes.js';

const MAX_MESSAGE_CHARACTERS = 500;
const MAX_ERROR_BODY_BYTES = 262_144;

type UnsentCause = Extract<AttemptOutcome, { kind: 'unsent' }>['cause'];
type LostCause = Extract<AttemptOutcome, { kind: 'lost' }>['cause'];

/**
 * What an error of the HTTP client says about the attempt. `requestSent`: the complete request had been handed to
 * the socket, or an answer had begun; only then may the upstream have processed it.
 */
export function classifyError(err: unknown, requestSent: boolean, headSeen = true): AttemptOutcome {
  const told = failureOf(err);
  // Before any head, an answer whose length does not fit is how the parser reports a head that contradicts itself.
  const failure = told === 'eof' && !headSeen && isLengthMismatch(err) ? 'garbage' : told;
  if (failure === 'aborted') return { kind: 'neutral', cause: 'client_aborted' };
  if (failure === 'internal') return { kind: 'neutral', cause: 'internal' };
  const message = describe(err);
  if (requestSent) return { kind: 'lost', cause: LOST[failure], message };
  // An upstream that talks nonsense, or times out, has at least read something: nothing is proven.
  if (failure === 'garbage' || failure === 'first_byte_timeout' || failure === 'total_timeout')
    return { kind: 'lost', cause: failure, message };
  return { kind: 'unsent', cause: UNSENT[failure], message };
}

function isLengthMismatch(err: unknown): boolean {
  return property(err, 'code') === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

type Connection = Exclude<Failure, 'aborted' | 'internal'>;

/** Once the request is out, a failure of whatever layer is a lost answer. */
const LOST: Readonly<Record<Connection, LostCause>> = {
  dns: 'reset',
  refused: 'reset',
  connect_timeout: 'reset',
  tls: 'reset',
  pool: 'reset',
  reset: 'reset',
  eof: 'eof',
  garbage: 'garbage',
  first_byte_timeout: 'first_byte_timeout',
  body_timeout: 'idle_timeout',
  total_timeout: 'total_timeout',
};

const UNSENT: Readonly<
  Record<Exclude<Connection, 'garbage' | 'first_byte_timeout' | 'total_timeout'>, UnsentCause>
> = {
  dns: 'dns',
  refused: 'refused',
  connect_timeout: 'connect_timeout',
  tls: 'tls',
  pool: 'pool',
  reset: 'write',
  eof: 'write',
  body_timeout: 'write',
};

/** The class of the retry table. What has reached the client is not known here: see `decideRetry`. */
export function attemptClass(outcome: AttemptOutcome): AttemptClass {
  switch (outcome.kind) {
    case 'served':
      return 'ok';
    case 'answered':
      return classOfStatus(outcome.status, outcome.code);
    case 'unsent':
      return 'A';
    case 'lost':
      return 'C2';
    case 'cut':
    case 'failed_in_stream':
      return 'D';
    case 'neutral':
      return 'neutral';
    default:
      return outcome satisfies never;
  }
}

function classOfStatus(status: number, code: string | null): AttemptClass {
  if (status === 401 || status === 403 || status === 429 || status === 503) return 'B';
  if (status === 404) return code === 'model_not_found' ? 'B' : 'E';
  // 500, 502, 504 and what gateways in front of the upstream make of them (520 to 530). 501 and 505 are about
  // the request.
  if (status === 501 || status === 505) return 'E';
  return status >= 500 ? 'C1' : 'E';
}

/** `error.code` (else `error.type`) and `error.message` of an upstream's error answer, whatever it looks like. */
export function parseUpstreamError(body: Buffer): {
  readonly code: string | null;
  readonly codeIsType?: boolean;
  readonly message: string | null;
} {
  const nothing = { code: null, message: null };
  if (body.length === 0 || body.length > MAX_ERROR_BODY_BYTES) return nothing;
  try {
    const root: unknown = JSON.parse(body.toString('utf8'));
    const error = property(root, 'error');
    // Some gateways answer `{"error":"text"}`.
    if (typeof error === 'string') return { code: null, message: bounded(error) };
    const message = text(property(error, 'message'));
    const code = text(property(error, 'code'));
    if (code !== null) return { code, message };
    const type = text(property(error, 'type'));
    return type === null ? { code: null, message } : { code: type, codeIsType: true, message };
  } catch {
    // HTML or plain text: the status has to do.
    return nothing;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? bounded(value) : null;
}

function bounded(value: string): string {
  return value.slice(0, MAX_MESSAGE_CHARACTERS);
}

/** For people. Addresses of our own making are in it, headers and keys are not. */
function describe(err: unknown): string {
  if (!(err instanceof Error)) return 'unknown error';
  const code: unknown = Reflect.get(err, 'code');
  const message = err.message === '' ? err.name : err.message;
  return bounded(typeof code === 'string' && !message.includes(code) ? `${code}: ${message}` : message);
}
