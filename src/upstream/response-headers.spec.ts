import { describe, expect, it } from 'vitest';
import { Secret } from '../common/secret.js';
import { filterResponseHeaders, framingConflict } from './response-headers.js';

const KEY = new Secret('sk-upstream-key');
const filter = (...raw: string[]): string[] =>
  filterResponseHeaders(
    raw.map((part) => Buffer.from(part, 'latin1')),
    KEY,
  );

describe('filterResponseHeaders', () => {
  it.each([
    ['Content-Type', 'text/event-stream'],
    ['content-length', '12'],
    ['x-request-id', 'req_1'],
    ['x-codex-turn-state', 'opaque'],
    ['x-codex-primary-used-percent', '12'],
    ['openai-organization', 'org-1'],
    ['openai-model', 'gpt-5.5'],
    ['retry-after-ms', '100'],
    ['x-should-retry', 'false'],
    ['x-ratelimit-reset-tokens', '6m0s'],
    ['cf-ray', 'abc'],
    ['ETag', '"x"'],
    ['x-unheard-of', 'é'],
  ])('passes %s unchanged', (name, value) => {
    expect(filter(name, value)).toEqual([name, value]);
  });

  it.each([
    ['Connection', 'keep-alive'],
    ['keep-alive', 'timeout=5'],
    ['Transfer-Encoding', 'chunked'],
    ['trailer', 'x'],
    ['upgrade', 'h2c'],
    ['proxy-authenticate', 'Basic'],
    ['Set-Cookie', '__cf_bm=x'],
    ['set-cookie2', 'x'],
    ['alt-svc', 'h3=":443"'],
    ['Strict-Transport-Security', 'max-age=1'],
    ['Access-Control-Allow-Origin', '*'],
    ['access-control-expose-headers', '*'],
    ['X-Proxy-Resource-Id', 'forged'],
    ['x-echo', 'Authorization: Bearer sk-upstream-key'],
    ['x-echo', 'sk-upstream-key'],
  ])('holds %s back', (name, value) => {
    expect(filter(name, value, 'x-a', '1')).toEqual(['x-a', '1']);
  });

  it('drops what Connection names, wherever it stands', () => {
    expect(filter('x-a', '1', 'x-b', '2', 'Connection', 'X-A', 'x-c', '3', 'connection', 'x-c')).toEqual([
      'x-b',
      '2',
    ]);
  });

  it('keeps repeated fields apart and in order', () => {
    expect(filter('x-a', '1', 'X-A', '2')).toEqual(['x-a', '1', 'X-A', '2']);
  });

  it('tells who showed the key', () => {
    const leaks: string[] = [];
    const raw = ['X-Echo', 'a sk-upstream-key b'].map((part) => Buffer.from(part));
    expect(filterResponseHeaders(raw, KEY, (name) => leaks.push(name))).toEqual([]);
    expect(leaks).toEqual(['x-echo']);
  });

  it('does not take an empty key for one that is everywhere', () => {
    expect(filterResponseHeaders([Buffer.from('x-a'), Buffer.from('1')], new Secret(''))).toEqual([
      'x-a',
      '1',
    ]);
  });
});

describe('framingConflict', () => {
  it.each([
    [['Content-Length', '5', 'x', '1'], null],
    [['Transfer-Encoding', 'chunked'], null],
    [['x', '1'], null],
    [['content-length', '5', 'Content-Length', '5'], 'two content-length fields'],
    [['content-length', '1', 'content-length', '2'], 'two content-length fields'],
    [['content-length', '5, 5'], 'a content-length that is not a number'],
    [['content-length', '-1'], 'a content-length that is not a number'],
    [['content-length', '5', 'transfer-encoding', 'chunked'], 'both content-length and transfer-encoding'],
  ])('%j → %j', (raw, expected) => {
    expect(framingConflict(raw.map((part) => Buffer.from(part)))).toBe(expected);
  });
});
