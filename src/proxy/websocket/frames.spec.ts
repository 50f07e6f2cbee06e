import { describe, expect, it } from 'vitest';
import { withRetryAfter } from './error-message.js';
import { laneOf, readClientFrame, readErrorFrame, serverKind } from './frames.js';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('readClientFrame', () => {
  it.each([
    [{ type: 'response.create', model: 'm' }, 'response.create', ''],
    [{ model: 'm', stream_id: 'a', type: 'response.create' }, 'response.create', 'a'],
    ['{"\\u0074ype":"response.create"}', 'response.create', ''],
    [{ type: 'response.steer', stream_id: null }, 'response.steer', ''],
    [{ nothing: { type: 'response.create' } }, null, ''],
  ])('%j', (frame, type, lane) => {
    expect(readClientFrame(bytes(frame))).toEqual({ type, lane });
  });

  it.each([
    ['{"type":"a","type":"response.create"}', 'duplicate_key'],
    ['{"type":"a","\\u0074ype":"response.create"}', 'duplicate_key'],
    ['["response.create"]', 'invalid_json'],
    ['{"type":1}', 'invalid_field'],
    ['', 'invalid_json'],
  ])('refuses %s', (frame, code) => {
    expect(() => readClientFrame(bytes(frame))).toThrow(expect.objectContaining({ code }));
  });
});

describe('serverKind', () => {
  it.each([
    [{ type: 'response.created' }, 'created'],
    [{ type: 'response.in_progress' }, 'other'],
    [{ type: 'response.output_text.delta', delta: '{"type":"error"}' }, 'other'],
    [{ type: 'response.completed' }, 'ended'],
    [{ type: 'response.incomplete' }, 'ended'],
    [{ type: 'response.failed' }, 'ended'],
    [{ type: 'error', status: 429 }, 'error'],
    [{ sequence_number: 1, type: 'response.completed' }, 'ended'],
    [{ x: 'response.completed', type: 'codex.rate_limits' }, 'other'],
    [' {"type" : "error"}', 'error'],
    ['not json, says error', 'other'],
    ['', 'other'],
  ])('%j is %s', (frame, kind) => {
    expect(serverKind(bytes(frame))).toBe(kind);
  });
});

describe('laneOf and readErrorFrame', () => {
  it('read what is there and shrug at the rest', () => {
    expect(laneOf(bytes({ type: 'x', stream_id: 'a.b' }))).toBe('a.b');
    expect(laneOf(bytes('nonsense'))).toBe('');
    expect(readErrorFrame(bytes({ status: 429, headers: { 'retry-after': 7 } }))).toEqual({
      status: 429,
      retryAfter: '7',
      retryAfterMs: null,
      rateLimit: null,
    });
    expect(
      readErrorFrame(bytes({ status_code: 503, error: { headers: { 'retry-after-ms': '5' } } })),
    ).toEqual({
      status: 503,
      retryAfter: null,
      retryAfterMs: '5',
      rateLimit: null,
    });
    const left = { 'X-RateLimit-Remaining-Tokens': '10', 'x-ratelimit-reset-tokens': '6m0s' };
    expect(readErrorFrame(bytes({ status: 429, headers: left })).rateLimit).toMatchObject({
      remainingTokens: 10,
      resetTokensMs: 360_000,
      remainingRequests: null,
    });
    expect(readErrorFrame(bytes({ status: 200 })).status).toBeNull();
    expect(readErrorFrame(bytes('x')).status).toBeNull();
  });
});

describe('a wait that is told instead', () => {
  const refused = { type: 'error', status: 429 };
  const others = { 'x-request-id': 'r' };
  const old = { 'Retry-After': '3600', 'retry-after-ms': '3600000', ...others };
  const told = { ...others, 'retry-after': '7' };

  it.each<[string, object, object]>([
    ['an error in words', { error: 'slow down' }, { error: 'slow down', headers: { 'retry-after': '7' } }],
    ['no error', {}, { headers: { 'retry-after': '7' } }],
    ['a list', { error: ['a'], headers: [] }, { error: ['a'], headers: { 'retry-after': '7' } }],
    ['headers at the top', { error: { code: 'x' }, headers: old }, { error: { code: 'x' }, headers: told }],
    ['headers in the error', { error: { code: 'x', headers: old } }, { error: { code: 'x', headers: told } }],
    ['both', { error: { headers: old }, headers: old }, { error: { headers: told }, headers: told }],
  ])('leaves the rest as it came: %s', (_, came, expected) => {
    const message = withRetryAfter(bytes({ ...refused, ...came }), 7);
    expect(JSON.parse(message.toString())).toEqual({ ...refused, ...expected });
    expect(readErrorFrame(message).retryAfter).toBe('7');
  });
});

describe('a lane no upstream accepts', () => {
  it.each(['bad id', 'ü', 'x'.repeat(257)])('counts as none, as in the refusal that follows: %s', (name) => {
    const frame = Buffer.from(JSON.stringify({ type: 'response.create', stream_id: name }));
    expect(readClientFrame(frame).lane).toBe('');
  });
});
