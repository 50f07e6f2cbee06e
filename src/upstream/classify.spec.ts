import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Client, errors, request } from 'undici';
import type { AttemptOutcome } from './attempt-outcome.js';
import { attemptClass, classifyError, parseUpstreamError } from './classify.js';

const coded = (code: string, extra: object = {}): Error =>
  Object.assign(new Error(`oops ${code}`), { code }, extra);
const brief = (outcome: AttemptOutcome): string =>
  `${outcome.kind} ${'cause' in outcome ? outcome.cause : ''}`;

describe('classifyError', () => {
  it.each([
    [coded('ENOTFOUND'), 'unsent dns', 'lost reset'],
    [coded('EAI_AGAIN'), 'unsent dns', 'lost reset'],
    [coded('ECONNREFUSED'), 'unsent refused', 'lost reset'],
    [coded('EHOSTUNREACH'), 'unsent refused', 'lost reset'],
    [new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]), 'unsent refused', 'lost reset'],
    [coded('ETIMEDOUT', { syscall: 'connect' }), 'unsent connect_timeout', 'lost reset'],
    [coded('ETIMEDOUT', { syscall: 'read' }), 'unsent write', 'lost reset'],
    [new errors.ConnectTimeoutError('slow'), 'unsent connect_timeout', 'lost reset'],
    [coded('CERT_HAS_EXPIRED'), 'unsent tls', 'lost reset'],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unsent tls', 'lost reset'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'unsent tls', 'lost reset'],
    [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'unsent tls', 'lost reset'],
    [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'unsent tls', 'lost reset'],
    [coded('EPROTO'), 'unsent tls', 'lost reset'],
    [coded('EPIPE'), 'unsent write', 'lost reset'],
    [coded('ECONNRESET'), 'unsent write', 'lost reset'],
    [new errors.SocketError('other side closed'), 'unsent write', 'lost eof'],
    [new errors.SocketError('bad things'), 'unsent write', 'lost reset'],
    [new errors.InformationalError('reset'), 'unsent write', 'lost reset'],
    [new errors.ClientDestroyedError(), 'unsent pool', 'lost reset'],
    [new errors.ClientClosedError(), 'unsent pool', 'lost reset'],
    [coded('EMFILE'), 'unsent pool', 'lost reset'],
    [coded('HPE_INVALID_CONSTANT'), 'lost garbage', 'lost garbage'],
    [coded('HPE_UNEXPECTED_CONTENT_LENGTH'), 'lost garbage', 'lost garbage'],
    [new errors.HTTPParserError('bad'), 'lost garbage', 'lost garbage'],
    [new errors.HeadersOverflowError(), 'lost garbage', 'lost garbage'],
    [new errors.HeadersTimeoutError(), 'lost first_byte_timeout', 'lost first_byte_timeout'],
    [new errors.BodyTimeoutError(), 'unsent write', 'lost idle_timeout'],
    [new errors.ResponseContentLengthMismatchError(), 'unsent write', 'lost eof'],
    [new DOMException('late', 'TimeoutError'), 'lost total_timeout', 'lost total_timeout'],
    [new errors.RequestAbortedError(), 'neutral client_aborted', 'neutral client_aborted'],
    [new DOMException('stop', 'AbortError'), 'neutral client_aborted', 'neutral client_aborted'],
    [new errors.InvalidArgumentError('bad header'), 'neutral internal', 'neutral internal'],
    [new errors.RequestContentLengthMismatchError(), 'neutral internal', 'neutral internal'],
    [new TypeError('a bug'), 'neutral internal', 'neutral internal'],
    [coded('EWHATEVER', { syscall: 'connect' }), 'unsent refused', 'lost reset'],
    [coded('EWHATEVER', { syscall: 'read' }), 'unsent write', 'lost reset'],
    [new Error('wrapped', { cause: coded('ECONNREFUSED') }), 'unsent refused', 'lost reset'],
    [coded('constructor'), 'neutral internal', 'neutral internal'],
    ['a string', 'neutral internal', 'neutral internal'],
    [undefined, 'neutral internal', 'neutral internal'],
  ])('%s', (error, unsent, sent) => {
    expect([brief(classifyError(error, false)), brief(classifyError(error, true))]).toEqual([unsent, sent]);
  });

  it('says what happened', () => {
    expect(classifyError(coded('ECONNRESET', { message: 'read failed' }), true)).toMatchObject({
      message: 'ECONNRESET: read failed',
    });
  });
});

describe('classifyError on what undici really throws', () => {
  let server: Server | null = null;
  afterEach(
    () => new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve()))),
  );

  async function failureOf(answer: (socket: import('node:net').Socket) => void): Promise<string> {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      const { body } = await client.request({ path: '/', method: 'POST', body: '{}' });
      await body.text();
      return 'no error';
    } catch (error: unknown) {
      return brief(classifyError(error, true));
    } finally {
      await client.destroy();
    }
  }

  it.each([
    ['a clean close', 'lost eof', (s: import('node:net').Socket) => s.end()],
    ['a reset', 'lost reset', (s: import('node:net').Socket) => s.resetAndDestroy()],
    ['garbage', 'lost garbage', (s: import('node:net').Socket) => s.end('what?\r\n\r\n')],
    [
      'huge headers',
      'lost garbage',
      (s: import('node:net').Socket) => s.end(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(99_999)}\r\n\r\n`),
    ],
    [
      'a short body',
      'lost eof',
      (s: import('node:net').Socket) => s.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab'),
    ],
  ])('%s', async (_name, expected, answer) => {
    expect(await failureOf(answer)).toBe(expected);
  });

  it('a closed port and an unknown host', async () => {
    const caught = async (url: string): Promise<string> =>
      request(url).then(
        () => 'no error',
        (error: unknown) => brief(classifyError(error, false)),
      );
    expect(await caught('http://127.0.0.1:9')).toBe('unsent refused');
    expect(await caught('http://no-such-host.invalid')).toBe('unsent dns');
  });
});

describe('attemptClass', () => {
  const answered = (status: number, code: string | null = null): AttemptOutcome => ({
    kind: 'answered',
    status,
    code,
    message: null,
    retryAfterMs: null,
    rateLimit: null,
  });
  it.each([
    [301, null, 'E'],
    [400, 'previous_response_not_found', 'E'],
    [401, null, 'B'],
    [403, null, 'B'],
    [404, null, 'E'],
    [404, 'model_not_found', 'B'],
    [405, null, 'E'],
    [408, null, 'E'],
    [409, null, 'E'],
    [413, null, 'E'],
    [415, null, 'E'],
    [422, null, 'E'],
    [429, 'rate_limit_exceeded', 'B'],
    [429, 'insufficient_quota', 'B'],
    [500, null, 'C1'],
    [501, null, 'E'],
    [502, null, 'C1'],
    [503, null, 'B'],
    [504, null, 'C1'],
    [520, null, 'C1'],
  ])('%d %s is %s', (status, code, expected) => {
    expect(attemptClass(answered(status, code))).toBe(expected);
  });
});

describe('parseUpstreamError', () => {
  it.each([
    ['{"error":{"message":"m","type":"t","param":null,"code":"c"}}', { code: 'c', message: 'm' }],
    ['{"error":{"message":"m","type":"t","code":null}}', { code: 't', codeIsType: true, message: 'm' }],
    ['{"error":"text"}', { code: null, message: 'text' }],
    ['{"error":{"message":7,"code":8}}', { code: null, message: null }],
    ['{"error":null}', { code: null, message: null }],
    ['[]', { code: null, message: null }],
    ['<html>', { code: null, message: null }],
    ['', { code: null, message: null }],
    ['{"__proto__":{"error":{"code":"x"}}}', { code: null, message: null }],
  ])('%s', (body, expected) => {
    expect(parseUpstreamError(Buffer.from(body))).toEqual(expected);
  });
});
