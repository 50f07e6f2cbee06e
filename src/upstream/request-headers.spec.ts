import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { BEARER } from '../resources/resource.js';
import { Secret } from '../common/secret.js';
import { buildRequestHeaders } from './request-headers.js';

const KEY = { apiKey: new Secret('sk-upstream-key'), auth: BEARER };
const OURS = ['authorization', 'Bearer sk-upstream-key', 'accept-encoding', 'identity'];
const build = (...raw: string[]): string[] => buildRequestHeaders(raw, KEY);

describe('buildRequestHeaders', () => {
  it.each([
    ['accept', 'text/event-stream'],
    ['Content-Type', 'application/json'],
    ['content-encoding', 'zstd'],
    ['User-Agent', 'OpenAI/JS 6.49.0'],
    ['originator', 'codex_exec'],
    ['OpenAI-Beta', 'responses_multi_agent=v1'],
    ['version', '0.169.0'],
    ['session-id', 'T'],
    ['thread-id', 'T'],
    ['session_id', 'T'],
    ['conversation_id', 'T'],
    ['x-client-request-id', 'T'],
    ['Idempotency-Key', 'k'],
    ['traceparent', '00-0-0-00'],
    ['tracestate', 'a=b'],
    ['X-Codex-Turn-State', 'opaque'],
    ['x-codex-turn-metadata', '{"thread_id":"T"}'],
    ['x-codex-beta-features', 'remote_compaction_v2'],
    ['x-openai-subagent', 'review'],
    ['x-oai-attestation', 'a'],
    ['X-Stainless-Retry-Count', '1'],
    ['x-responsesapi-include-timing-metrics', 'true'],
  ])('passes %s', (name, value) => {
    expect(build(name, value)).toEqual([...OURS, name.toLowerCase(), value]);
  });

  it.each([
    ['authorization', 'Bearer rpx_client'],
    ['Authorization', 'Basic abc'],
    ['AUTHORIZATION', ''],
    ['proxy-authorization', 'Bearer x'],
    ['x-openai-actor-authorization', 'Bearer x'],
    ['x-codex-api-key', 'sk-x'],
    ['x-oai-session-token', 'x'],
    ['api-key', 'sk-x'],
    ['x-api-key', 'sk-x'],
    ['openai-organization', 'org-1'],
    ['OpenAI-Project', 'proj_1'],
    ['cookie', 'a=b'],
    ['Host', 'evil.example'],
    ['content-length', '5'],
    ['transfer-encoding', 'chunked'],
    ['connection', 'keep-alive'],
    ['keep-alive', 'timeout=5'],
    ['te', 'trailers'],
    ['trailer', 'x-checksum'],
    ['upgrade', 'websocket'],
    ['expect', '100-continue'],
    ['accept-encoding', 'gzip, deflate'],
    ['x-forwarded-for', '10.0.0.1'],
    ['X-Forwarded-Host', 'evil.example'],
    ['forwarded', 'for=10.0.0.1'],
    ['x-real-ip', '10.0.0.1'],
    ['via', '1.1 x'],
    ['origin', 'https://evil.example'],
    ['referer', 'https://evil.example'],
    ['x-proxy-session-id', 's'],
    ['x-proxy-pool-id', 'p'],
    ['x-session-id', 's'],
    ['x-pool-id', 'p'],
    ['baggage', 'user=1'],
    ['x-http-method-override', 'DELETE'],
    ['x-codexfoo', 'x'],
    ['x-openai', 'x'],
    ['__proto__', 'x'],
    ['constructor', 'x'],
    [`x-codex-${'a'.repeat(200)}`, 'x'],
  ])('holds %s back', (name, value) => {
    expect(build(name, value)).toEqual(OURS);
  });

  it.each([
    ['before', ['Connection', 'x-codex-window-id, close', 'x-codex-window-id', '1', 'version', '1']],
    ['behind', ['x-codex-window-id', '1', 'version', '1', 'connection', 'X-Codex-Window-Id']],
    [
      'twice',
      ['connection', 'close', 'X-CODEX-WINDOW-ID', '1', 'version', '1', 'CONNECTION', ' x-codex-window-id '],
    ],
  ])('drops what Connection names, standing %s', (_where, raw) => {
    expect(build(...raw)).toEqual([...OURS, 'version', '1']);
  });

  it('cannot be talked out of its own headers', () => {
    const headers = build('connection', 'authorization, accept-encoding', 'authorization', 'Bearer mine');
    expect(headers).toEqual(OURS);
  });

  it.each(['a\r\nx-evil: 1', 'a\nb', 'a\0b', 'a\x7fb', 'a\x1bb', 'a\u0100b'])(
    'refuses the value %j',
    (value) => {
      expect(() => build('user-agent', value)).toThrow(ProxyError);
      expect(build('x-unknown', value)).toEqual(OURS);
    },
  );

  it('passes tabs and bytes beyond ASCII', () => {
    expect(build('user-agent', 'a\tb é')).toContain('a\tb é');
  });

  it('keeps both of two, for the caller to judge', () => {
    expect(build('accept', 'a', 'Accept', 'b')).toEqual([...OURS, 'accept', 'a', 'accept', 'b']);
  });

  it('says nothing about a body that is not there', () => {
    const raw = ['content-type', 'application/json', 'content-encoding', 'gzip', 'accept', '*/*'];
    expect(buildRequestHeaders(raw, KEY, null)).toEqual([...OURS, 'accept', '*/*']);
    expect(buildRequestHeaders(raw, KEY, 0)).toEqual([...OURS, 'accept', '*/*']);
    expect(buildRequestHeaders(raw, KEY, 5)).toEqual([...OURS, ...raw]);
  });

  it('has one authorization in any of ten thousand mixtures', () => {
    const names = [
      'Authorization',
      'authorization',
      'x-codex-authorization',
      'Cookie',
      'accept',
      'connection',
    ];
    for (let i = 0; i < 10_000; i++) {
      const raw = names.flatMap((name, n) => ((i >> n) & 1 ? [name, 'Bearer rpx_client'] : []));
      const headers = buildRequestHeaders(raw, KEY);
      expect(headers.filter((header) => header.includes('sk-upstream-key'))).toHaveLength(1);
      expect(headers.filter((header) => header.includes('authorization'))).toHaveLength(1);
    }
  });

  it('does not remember every name it has seen', () => {
    for (let i = 0; i < 5_000; i++)
      expect(build(`x-codex-${i}`, 'v')).toEqual([...OURS, `x-codex-${i}`, 'v']);
    for (let i = 0; i < 5_000; i++) expect(build(`x-other-${i}`, 'v')).toEqual(OURS);
  });
});
