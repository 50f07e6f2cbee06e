import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';
import type { LoadEntry } from '../support/load-client.js';

// Two organisations with two keys each; the proxy is told nothing and has to learn who belongs together.
const KEYS = [key('a1', 'org-a'), key('a2', 'org-a'), key('b1', 'org-b'), key('b2', 'org-b')];
const SEALED = { include: ['reasoning.encrypted_content'], store: false };
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ keys: KEYS });
});

afterAll(() => rig.stop());

const lastKey = (): string | null => rig.upstream.ledger.last().key;
const lastOrganization = (): string | null => rig.upstream.ledger.last().organization;

async function turn(session: string, body: Record<string, unknown> = {}): Promise<LoadEntry> {
  const seen = await rig.client.send({ headers: { 'session-id': session }, body });
  expect(seen.status, seen.text).toBe(200);
  return seen;
}

const outputOf = (seen: LoadEntry): object[] => (JSON.parse(seen.text) as { output: object[] }).output;

describe('sessions', () => {
  it.each([
    ['x-proxy-session-id', (id: string) => ({ headers: { 'x-proxy-session-id': id }, body: {} })],
    ['x-session-id', (id: string) => ({ headers: { 'x-session-id': id }, body: {} })],
    ['metadata.session_id', (id: string) => ({ body: { metadata: { session_id: id } } })],
    ['session-id', (id: string) => ({ headers: { 'session-id': id }, body: {} })],
    ['client_metadata.session_id', (id: string) => ({ body: { client_metadata: { session_id: id } } })],
    ['prompt_cache_key', (id: string) => ({ body: { prompt_cache_key: id } })],
  ])('stay on one key when named by %s', async (source, request) => {
    for (let s = 0; s < 4; s += 1) {
      const used = new Set<string | null>();
      for (let i = 0; i < 6; i += 1) {
        const seen = await rig.client.send(request(`sticky-${source}-${s}`));
        expect(seen.status).toBe(200);
        used.add(lastKey());
      }
      expect(used.size).toBe(1);
    }
  });

  it('spread over all keys', async () => {
    const used = new Set<string | null>();
    for (let i = 0; i < 60; i += 1) {
      await turn(`spread-${i}`);
      used.add(lastKey());
    }
    expect(used.size).toBe(4);
  });

  it('land together when their first requests come at the same moment', async () => {
    for (let s = 0; s < 5; s += 1) {
      const from = rig.upstream.ledger.creates.length;
      await Promise.all(Array.from({ length: 8 }, () => turn(`burst-${s}`, { model: 'fault:slow,ms=80' })));
      const used = new Set(rig.upstream.ledger.creates.slice(from).map((a) => a.key));
      expect(used.size).toBe(1);
    }
  });
});

describe('sealed reasoning', () => {
  it('is only ever shown to the organisation that sealed it, without a session to go by', async () => {
    for (let i = 0; i < 24; i += 1) {
      const first = await rig.client.send({ body: { ...SEALED, input: `question ${i}` } });
      const home = lastOrganization();
      const input = [...outputOf(first), { role: 'user', content: 'and then?' }];
      const next = await rig.client.send({ body: { ...SEALED, input } });
      expect(next.status, next.text).toBe(200);
      expect(lastOrganization()).toBe(home);
    }
  });

  it('moves within its organisation when its key fails, and never beyond', async () => {
    const first = await rig.client.send({ headers: { 'session-id': 'boundary' }, body: SEALED });
    const [owner, home] = [lastKey(), lastOrganization()];
    rig.upstream.faults.set(owner ?? '', 'fault:503', { times: 1 });
    const input = [...outputOf(first), { role: 'user', content: 'go on' }];
    const next = await turn('boundary', { ...SEALED, input });
    expect(next.headers['x-proxy-resource-id']).not.toBe(first.headers['x-proxy-resource-id']);
    expect(lastOrganization()).toBe(home);
    rig.upstream.faults.clear();
  });

  it('follows a fork: new session, the parent’s sealed content', async () => {
    for (let i = 0; i < 8; i += 1) {
      const first = await rig.client.send({
        headers: { 'session-id': `parent-${i}`, 'thread-id': `parent-${i}` },
        body: SEALED,
      });
      const home = lastOrganization();
      const forked = await rig.client.send({
        headers: {
          'session-id': `fork-${i}`,
          'thread-id': `fork-${i}`,
          'x-codex-turn-metadata': JSON.stringify({ forked_from_thread_id: `parent-${i}` }),
        },
        body: { ...SEALED, input: [...outputOf(first), { role: 'user', content: 'fork' }] },
      });
      expect(forked.status, forked.text).toBe(200);
      expect(lastOrganization()).toBe(home);
    }
  });

  it('gives sub-agents their parent’s key', async () => {
    for (let i = 0; i < 8; i += 1) {
      await rig.client.send({ headers: { 'session-id': `tree-${i}`, 'thread-id': `tree-${i}` }, body: {} });
      const owner = lastKey();
      await rig.client.send({
        headers: {
          'session-id': `sub-${i}`,
          'thread-id': `sub-${i}`,
          'x-codex-parent-thread-id': `tree-${i}`,
        },
        body: {},
      });
      expect(lastKey()).toBe(owner);
    }
  });
});

describe('memory of where things belong', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('outlives %s', async (signal) => {
    const sessions = Array.from({ length: 10 }, (_, i) => `${signal}-${i}`);
    const before = new Map<string, { key: string | null; organization: string | null; seen: LoadEntry }>();
    for (const session of sessions) {
      const seen = await turn(session, { include: SEALED.include });
      before.set(session, { key: lastKey(), organization: lastOrganization(), seen });
    }
    if (signal === 'SIGKILL') await rig.proxy.kill9();
    await rig.proxy.restart();
    for (const [session, was] of before) {
      await turn(session);
      expect(lastKey(), `session ${session}`).toBe(was.key);
      const follow = await rig.client.send({ body: { previous_response_id: was.seen.responseId } });
      expect(follow.status, follow.text).toBe(200);
      expect(lastKey()).toBe(was.key);
      const sealed = await rig.client.send({
        body: { ...SEALED, input: [...outputOf(was.seen), { role: 'user', content: 'x' }] },
      });
      expect(sealed.status, sealed.text).toBe(200);
      expect(lastOrganization()).toBe(was.organization);
    }
  });
});

describe('when the owner is gone', () => {
  it('says so instead of guessing', async () => {
    const first = await turn('lost-owner');
    const owner = lastKey() ?? '';
    rig.upstream.faults.set(owner, 'fault:401', { on: 'all' });
    await Promise.all(Array.from({ length: 8 }, (_, i) => turn(`trigger-${i}`)));
    const follow = await rig.client.send({ body: { previous_response_id: first.responseId } });
    const code = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;
    // Nobody may have noticed yet: then this request does.
    if (follow.status !== 409)
      expect([follow.status, code(follow.text)]).toEqual([502, 'upstream_auth_failed']);
    for (let i = 0; i < 3; i += 1) {
      const again = await rig.client.send({ body: { previous_response_id: first.responseId } });
      expect([again.status, code(again.text)]).toEqual([409, 'affinity_lost']);
      expect(again.headers['x-should-retry']).toBe('false');
      expect(again.text).toContain(String(first.headers['x-proxy-resource-id']));
    }
    const moved = await turn('lost-owner');
    expect(moved.status).toBe(200);
    expect(lastKey()).not.toBe(owner);
    rig.upstream.faults.clear();
  });
});
