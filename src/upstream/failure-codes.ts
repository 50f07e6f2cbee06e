import { ADDRESS_REFUSED } from './guarded-lookup.js';

export type Failure =
  | 'dns'
  | 'refused'
  | 'connect_timeout'
  | 'tls'
  | 'pool'
  | 'reset'
  | 'eof'
  | 'garbage'
  | 'first_byte_timeout'
  | 'body_timeout'
  | 'total_timeout'
  | 'aborted'
  | 'internal';

/** Codes of Node's sockets and resolver, OpenSSL and undici 7 (`lib/core/errors.js`). */
const BY_CODE: Readonly<Record<string, Failure>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  EAI_NONAME: 'dns',
  ENODATA: 'dns',
  ESERVFAIL: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ENETUNREACH: 'refused',
  ENETDOWN: 'refused',
  EADDRNOTAVAIL: 'refused',
  EACCES: 'refused',
  [ADDRESS_REFUSED]: 'refused',
  ENOENT: 'refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  EPROTO: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  UND_ERR_PRX_TLS: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UND_ERR_DESTROYED: 'pool',
  UND_ERR_CLOSED: 'pool',
  UND_ERR_MAX_ORIGINS_REACHED: 'pool',
  UND_ERR_BPL_MISSING_UPSTREAM: 'pool',
  EMFILE: 'pool',
  ENFILE: 'pool',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ENOTCONN: 'reset',
  ERR_STREAM_DESTROYED: 'reset',
  ERR_STREAM_PREMATURE_CLOSE: 'eof',
  ERR_SOCKET_CLOSED: 'reset',
  UND_ERR_INFO: 'reset',
  ERR_HTTP2_STREAM_ERROR: 'reset',
  ERR_HTTP2_SESSION_ERROR: 'reset',
  ERR_HTTP2_GOAWAY_SESSION: 'reset',
  UND_ERR_HEADERS_TIMEOUT: 'first_byte_timeout',
  UND_ERR_BODY_TIMEOUT: 'body_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'garbage',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'garbage',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'eof',
  UND_ERR_ABORTED: 'aborted',
  UND_ERR_ABORT: 'aborted',
  ABORT_ERR: 'aborted',
  UND_ERR_INVALID_ARG: 'internal',
  UND_ERR_INVALID_RETURN_VALUE: 'internal',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'internal',
  UND_ERR_NOT_SUPPORTED: 'internal',
};

const BY_PREFIX: readonly (readonly [string, Failure])[] = [
  ['HPE_', 'garbage'],
  ['ERR_TLS_', 'tls'],
  ['ERR_SSL_', 'tls'],
  ['CERT_', 'tls'],
  ['CRL_', 'tls'],
  ['UNABLE_TO_', 'tls'],
  ['ERR_HTTP2_', 'garbage'],
];

/**
 * Which layer failed. An error nobody knows is a bug here (`internal`) unless it carries a system call, in which
 * case a socket broke.
 */
export function failureOf(err: unknown): Failure {
  if (typeof err !== 'object' || err === null) return 'internal';
  const code = text(err, 'code') ?? codeOfFirst(err);
  if (code === 'ETIMEDOUT') return text(err, 'syscall') === 'connect' ? 'connect_timeout' : 'reset';
  if (code === 'UND_ERR_SOCKET') return ofSocketError(text(err, 'message'));
  const known = code === null ? undefined : byCode(code);
  if (known !== undefined) return known;
  const name = text(err, 'name');
  if (name === 'TimeoutError') return 'total_timeout';
  if (name === 'AbortError') return 'aborted';
  return withoutCode(err);
}

/** undici gives one code to three things and tells them apart in the message only. */
function ofSocketError(message: string | null): Failure {
  if (message === 'bad response' || message === 'bad upgrade') return 'garbage';
  return message === 'other side closed' ? 'eof' : 'reset';
}

function withoutCode(err: object): Failure {
  // undici's parser reports some states without a code.
  if (text(err, 'name') === 'HTTPParserError') return 'garbage';
  const syscall = text(err, 'syscall');
  if (syscall !== null) return syscall === 'connect' ? 'refused' : 'reset';
  const cause: unknown = Reflect.get(err, 'cause');
  return cause instanceof Error && cause !== err ? failureOf(cause) : 'internal';
}

function byCode(code: string): Failure | undefined {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  return BY_PREFIX.find(([prefix]) => code.startsWith(prefix))?.[1];
}

/** A connect that tried several addresses fails with all their errors; the first one tells. */
function codeOfFirst(err: object): string | null {
  const errors: unknown = Reflect.get(err, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return typeof first === 'object' && first !== null ? text(first, 'code') : null;
}

function text(value: object, name: string): string | null {
  const property: unknown = Reflect.get(value, name);
  return typeof property === 'string' ? property : null;
}
