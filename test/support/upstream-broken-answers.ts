import { gzipSync } from 'node:zlib';
import { pause } from './until.js';
import { errorBody } from './upstream-replies.js';
import { numberParam } from './upstream-faults.js';
import type { Fault } from './upstream-faults.js';
import type { UpstreamExchange } from './upstream-exchange.js';

type Answer = (x: UpstreamExchange, fault: Fault) => void | Promise<void>;

const plain = (
  status: number,
  code: string | null,
  message: string,
  type = 'invalid_request_error',
): Answer => {
  return (x, fault) => x.json(status, errorBody(message, type, code), retryHeaders(fault));
};

/** `retry=<seconds>`, `retry_date=<seconds from now>`, `retry_ms=<ms>`, `retry_raw=<text>`. */
function retryHeaders(fault: Fault): Record<string, string> {
  const { retry, retry_date, retry_ms, retry_raw } = fault.params;
  const headers: Record<string, string> = {};
  if (retry !== undefined) headers['retry-after'] = retry;
  if (retry_raw !== undefined) headers['retry-after'] = retry_raw;
  if (retry_date !== undefined)
    headers['retry-after'] = new Date(Date.now() + Number(retry_date) * 1000).toUTCString();
  if (retry_ms !== undefined) headers['retry-after-ms'] = retry_ms;
  return headers;
}

const HTTP_ERRORS: Readonly<Record<string, Answer>> = {
  '400': plain(400, 'invalid_value', "Invalid value: 'input'."),
  '401': plain(401, 'invalid_api_key', 'Incorrect API key provided: sk-…abcd.'),
  '403': plain(403, 'unsupported_country_region_territory', 'This key may not do that.', 'request_forbidden'),
  '404': plain(404, null, 'Not found.'),
  '409': plain(409, 'conflict', 'Conflict.'),
  '422': plain(422, 'unprocessable', 'Unprocessable.'),
  '429': plain(429, 'rate_limit_exceeded', 'Rate limit reached for organization org-x.', 'requests'),
  quota: plain(429, 'insufficient_quota', 'You exceeded your current quota.', 'insufficient_quota'),
  '500': plain(500, null, 'The server had an error.', 'server_error'),
  '502': (x) => x.bytes(502, Buffer.from('<html>bad gateway</html>'), { 'content-type': 'text/html' }),
  '503': plain(503, null, 'The engine is overloaded.', 'server_error'),
  '504': plain(504, null, 'Gateway timeout.', 'server_error'),
  overloaded: plain(
    503,
    'server_is_overloaded',
    'Our servers are currently overloaded.',
    'service_unavailable_error',
  ),
  missing_scope: plain(403, 'missing_scope', 'You have insufficient permissions. Missing scopes: api.x.'),
  model_not_found: plain(404, 'model_not_found', 'The model does not exist or you do not have access to it.'),
};

const many = (count: number): string =>
  Array.from({ length: count }, (_, i) => `x-filler-${i}: v\r\n`).join('');

/** Answers that are broken at or before the head. Body faults (cut, eof, stall) are the stream's business. */
export const HEAD_FAULTS: Readonly<Record<string, Answer>> = {
  ...HTTP_ERRORS,
  hang: () => undefined,
  reset: (x) => x.reset(),
  close: (x) => x.raw(''),
  garbage: (x) => x.raw('\x00\x01\x02 this is not HTTP\r\n\r\n'),
  http09: (x) => x.raw('<html>an answer without a head</html>'),
  bad_header: (x) => x.raw('HTTP/1.1 200 OK\r\nbad header line\r\n\r\n{}'),
  two_lengths: (x) => x.raw('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x'),
  length_and_chunked: (x) =>
    x.raw('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'),
  // Nobody asked for it with `expect`.
  continue: (x) => x.raw('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'),
  switch: (x) => x.raw('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
  huge_headers: (x) =>
    x.raw(`HTTP/1.1 200 OK\r\nx-huge: ${'h'.repeat(200_000)}\r\ncontent-length: 2\r\n\r\n{}`),
  many_headers: (x) => x.raw(`HTTP/1.1 200 OK\r\n${many(5_000)}content-length: 2\r\n\r\n{}`),
  '204': (x) => {
    x.head(204, {});
    x.res.end();
  },
  '304': (x) => {
    x.head(304, { etag: '"x"' });
    x.res.end();
  },
  redirect: (x, fault) => {
    const location = decodeURIComponent(fault.params['to'] ?? 'http://127.0.0.1:9/v1/responses');
    const padding = 'p'.repeat(numberParam(fault, 'kb', 0) * 1024);
    x.json(numberParam(fault, 'status', 302), { padding }, { location });
  },
  echo_error: (x, fault) => {
    const message = `What is this: ${x.req.headers.authorization ?? ''}`;
    const error = { message, type: 'invalid_request_error', param: null, code: 'odd_key' };
    x.json(numberParam(fault, 'status', 400), { error });
  },
  empty_error: (x, fault) => x.bytes(numberParam(fault, 'status', 500), Buffer.alloc(0), {}),
  big: bigBody,
};

async function bigBody(x: UpstreamExchange, fault: Fault): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'b');
  const total = numberParam(fault, 'mb', 50) * 1024 * 1024;
  const sse = fault.params['sse'] !== undefined;
  x.head(200, { 'content-type': sse ? 'text/event-stream' : 'application/json' });
  if (!(await x.write(sse ? 'event: x\ndata: "' : '{"id":"resp_big","filler":"'))) return;
  for (let sent = 0; sent < total; sent += chunk.length) if (!(await x.write(chunk))) return;
  if (await x.write(sse ? '"\n\n' : '"}')) await x.finishAs('end');
}

/** Done before the answer, which then goes on as usual. */
export async function prelude(x: UpstreamExchange, fault: Fault | null): Promise<void> {
  if (fault?.mode === 'info') {
    // No 100: see `continue`.
    x.res.writeProcessing();
    x.res.writeEarlyHints({ link: '</x>; rel=preload' });
  }
  if (fault?.mode === 'slow') await pause(numberParam(fault, 'ms', 300));
  if (fault?.mode === 'echo') {
    const authorization = x.req.headers.authorization ?? '';
    Object.assign(x.headers, { 'x-echo': authorization, authorization });
  }
}

/** An answer body in another form than asked for; null when the fault is none of these. */
export function reshape(
  fault: Fault | null,
  json: Buffer,
): { body: Buffer; headers: Record<string, string> } | null {
  if (fault?.mode === 'gzip') {
    return {
      body: gzipSync(json),
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    };
  }
  if (fault?.mode === 'codings') {
    // Claimed, not done: what decodes on the way would choke on it.
    const codings = Array.from({ length: numberParam(fault, 'n', 500) }, () => 'gzip').join(',');
    return { body: json, headers: { 'content-encoding': codings, 'content-type': 'application/json' } };
  }
  if (fault?.mode === 'html') {
    return { body: Buffer.from('<html>fine</html>'), headers: { 'content-type': 'text/html' } };
  }
  if (fault?.mode === 'binary') {
    const body = Buffer.from(
      Array.from({ length: numberParam(fault, 'n', 4096) }, (_, i) => (i * 7919 + 13) & 0xff),
    );
    return { body, headers: { 'content-type': 'application/octet-stream' } };
  }
  return null;
}
