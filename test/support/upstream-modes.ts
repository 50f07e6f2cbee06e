/** What the client hears of an upstream that misbehaves in one way, and what the record calls it. */
export interface UpstreamMode {
  /** As the fake upstream takes it: `fault:<text>`. */
  readonly fault: string;
  readonly status: number;
  readonly code?: string;
  readonly state: string;
  /** The answer ends in a broken connection. */
  readonly cut?: boolean;
  /** What is different when the request asked for a stream. */
  readonly stream?: Partial<Omit<UpstreamMode, 'fault' | 'stream'>>;
  /** Which of the proxy's limits ends it, in ms. */
  readonly limitMs?: number;
}

export const FIRST_BYTE_MS = 500;
export const IDLE_MS = 500;

const bad = (fault: string): UpstreamMode => ({
  fault,
  status: 502,
  code: 'bad_upstream_response',
  state: 'upstream_error',
});
const redirect = (status: number): UpstreamMode => ({
  fault: `redirect,status=${status}`,
  status: 502,
  code: 'unexpected_redirect',
  state: 'upstream_error',
});
const passed = (fault: string, status: number): UpstreamMode => ({ fault, status, state: 'upstream_error' });
const fine = (fault: string, status = 200): UpstreamMode => ({ fault, status, state: 'completed' });

/** Ways in which one key's answer can be wrong, and the documented outcome where nobody else can serve. */
export const UPSTREAM_MODES: readonly UpstreamMode[] = [
  {
    fault: 'hang',
    status: 504,
    code: 'upstream_first_byte_timeout',
    state: 'timeout',
    limitMs: FIRST_BYTE_MS,
  },
  { fault: 'reset', status: 502, code: 'upstream_connection_lost', state: 'upstream_error' },
  { fault: 'close', status: 502, code: 'upstream_connection_lost', state: 'upstream_error' },
  bad('garbage'),
  bad('http09'),
  bad('bad_header'),
  bad('two_lengths'),
  bad('length_and_chunked'),
  bad('switch'),
  // A limit of the HTTP client's: what answers 100 unasked is not understood.
  bad('continue'),
  bad('huge_headers'),
  bad('many_headers'),
  ...[301, 302, 303, 307, 308].map(redirect),
  { ...redirect(304), fault: '304' },
  { fault: 'cut', status: 200, state: 'upstream_error', cut: true },
  { fault: 'cut,after=0', status: 200, state: 'upstream_error', cut: true },
  {
    fault: 'eof',
    status: 200,
    state: 'upstream_error',
    cut: true,
    stream: { cut: false, state: 'incomplete' },
  },
  { fault: 'stall', status: 200, state: 'timeout', cut: true, limitMs: IDLE_MS },
  ...['400', '404', '409', '422'].map((status) => passed(status, Number(status))),
  { fault: '401', status: 502, code: 'upstream_auth_failed', state: 'upstream_error' },
  { fault: '403', status: 502, code: 'upstream_auth_failed', state: 'upstream_error' },
  { fault: 'missing_scope', status: 502, code: 'upstream_auth_failed', state: 'upstream_error' },
  passed('model_not_found', 404),
  passed('429,retry=30', 429),
  passed('429', 429),
  passed('429,retry_raw=never', 429),
  { fault: 'quota', status: 502, code: 'upstream_auth_failed', state: 'upstream_error' },
  ...['500', '502', '504'].map((status) => passed(status, Number(status))),
  passed('503', 503),
  { fault: 'overloaded', status: 503, code: 'no_available_resources', state: 'upstream_error' },
  passed('empty_error,status=418', 418),
  passed('empty_error,status=500', 500),
  passed('echo_error', 400),
  fine('204', 204),
  fine('html'),
  fine('gzip'),
  fine('codings'),
  fine('binary'),
  fine('malformed'),
  fine('crlf'),
  fine('info'),
  fine('echo'),
  fine('slow,ms=300'),
  fine('as_sse'),
  fine('as_json'),
  { fault: 'failed', status: 200, state: 'failed' },
  { fault: 'incomplete', status: 200, state: 'incomplete' },
  { fault: 'error_event', status: 200, state: 'completed', stream: { state: 'failed' } },
  fine('big,mb=1'),
];
