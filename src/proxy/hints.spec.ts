import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { emptyBodyDraft, type BodyFields } from './body-fields.js';
import { buildHints } from './hints.js';
import { matchRoute } from './route-grammar.js';

const create = matchRoute('POST', '/v1/responses');
const hints = (headers: Record<string, string>, body: Partial<BodyFields> | null = {}, route = create) =>
  buildHints({
    alias: null,
    requestId: 'req_1',
    caller: { callerId: 'loopback', key: null },
    route,
    headers,
    body: body === null ? null : { ...emptyBodyDraft(), ...body },
  });

const HEADERS = {
  'x-proxy-session-id': 'h1',
  'x-session-id': 'h2',
  'session-id': 'h3',
  session_id: 'h4',
};
const BODY = {
  metadataSessionId: 'b1',
  clientMetadataSessionId: 'b2',
  conversationId: 'b3',
  promptCacheKey: 'b4',
};

describe('buildHints', () => {
  it('finds the session in the documented order', () => {
    const order = [
      ['x-proxy-session-id', 'h1'],
      ['x-session-id', 'h2'],
      ['metadata.session_id', 'b1'],
      ['session-id', 'h3'],
      ['session_id', 'h4'],
      ['client_metadata.session_id', 'b2'],
      ['conversation', 'b3'],
      ['prompt_cache_key', 'b4'],
    ] as const;
    const headers: Record<string, string> = { ...HEADERS };
    const body: Record<string, string | null> = { ...BODY };
    for (const [source, id] of order) {
      const found = hints(headers, body);
      expect([found.sessionSource, found.sessionId]).toEqual([source, id]);
      for (const [key, value] of Object.entries(headers)) if (value === id) delete headers[key];
      for (const [key, value] of Object.entries(body)) if (value === id) body[key] = null;
    }
    expect(hints(headers, body)).toMatchObject({ sessionId: null, sessionSource: null });
  });

  it('finds the pool in the documented order', () => {
    const both = { 'x-proxy-pool-id': 'a', 'x-pool-id': 'b' };
    expect(hints(both, { poolId: 'c' }).poolId).toBe('a');
    expect(hints({ 'x-pool-id': 'b' }, { poolId: 'c' }).poolId).toBe('b');
    expect(hints({}, { poolId: 'c' }).poolId).toBe('c');
    expect(hints({}, null).poolId).toBeNull();
  });

  it('reads threads, parents and forks, headers first', () => {
    const headers = {
      'thread-id': 't',
      'x-codex-parent-thread-id': 'p',
      'x-codex-turn-metadata': '{"thread_id":"x","forked_from_thread_id":"f","workspaces":{"/home/me":{}}}',
    };
    const body = { clientMetadataThreadId: 'bt', parentThreadId: 'bp', forkedFromThreadId: 'bf' };
    expect(hints(headers, body)).toMatchObject({
      threadId: 't',
      parentThreadId: 'p',
      forkedFromThreadId: 'f',
    });
    expect(hints({}, body)).toMatchObject({ threadId: 'bt', parentThreadId: 'bp', forkedFromThreadId: 'bf' });
    expect(JSON.stringify(hints(headers, body))).not.toContain('/home/me');
  });

  it.each([
    '',
    'not json',
    '[]',
    'null',
    '{"forked_from_thread_id":7}',
    `{"x":"${'y'.repeat(20_000)}"}`,
    '"{}"',
  ])('forgets unusable turn metadata %.20j', (value) => {
    expect(hints({ 'x-codex-turn-metadata': value }).forkedFromThreadId).toBeNull();
  });

  it('takes ids from the path', () => {
    expect(hints({}, null, matchRoute('GET', '/v1/responses/resp_1')).pathResponseId).toBe('resp_1');
    const conversation = hints({}, null, matchRoute('GET', '/v1/conversations/conv_1'));
    expect([conversation.conversationId, conversation.pathResponseId]).toEqual(['conv_1', null]);
  });

  it('takes a list for one of new items only where items are added that nobody has named', () => {
    const adds = (method: string, path: string, body: Partial<BodyFields> = {}): boolean =>
      hints({}, body, matchRoute(method, path)).addsItems;
    expect(adds('POST', '/v1/conversations/conv_1/items')).toBe(true);
    expect(adds('POST', '/v1/conversations/conv_1/items?include=x')).toBe(true);
    expect(adds('POST', '/v1/conversations/conv_1/items', { namesItems: true })).toBe(false);
    expect(adds('POST', '/v1/conversations/conv_1')).toBe(false);
    expect(adds('POST', '/v1/conversations/items')).toBe(false);
    expect(adds('PATCH', '/v1/conversations/conv_1/items')).toBe(false);
    expect(adds('POST', '/v1/responses/items')).toBe(false);
  });

  it.each(['a'.repeat(257), 'a b', 'a, b', 'é', 'a\tb'])('refuses the header id %.10j', (value) => {
    for (const name of [
      'x-proxy-session-id',
      'x-pool-id',
      'session-id',
      'thread-id',
      'x-codex-parent-thread-id',
    ])
      expect(() => hints({ [name]: value })).toThrow(ProxyError);
  });

  it('takes an empty id for none, and a name with spaces', () => {
    const found = hints(
      { 'x-proxy-session-id': '', 'x-proxy-session-name': 'My session' },
      { promptCacheKey: '' },
    );
    expect([found.sessionId, found.sessionName]).toEqual([null, 'My session']);
  });
});
