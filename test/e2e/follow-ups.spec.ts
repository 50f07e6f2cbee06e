import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ keys: [key('a'), key('b'), key('c'), key('d')] });
});

afterAll(() => rig.stop());

const call = (method: string, path: string, body: Record<string, unknown> | null = null) =>
  rig.client.send({ method, path, body });

async function create(body: Record<string, unknown> = {}): Promise<{ id: string; owner: string | null }> {
  const seen = await call('POST', '/v1/responses', body);
  expect(seen.status).toBe(200);
  const id = (JSON.parse(seen.text) as { id: string }).id;
  return { id, owner: rig.upstream.ledger.byResponseId(id)?.key ?? null };
}

describe('follow-ups go to the key that owns the response', () => {
  it('over 50 responses on 4 keys, whatever is asked of them', async () => {
    const owners = new Set<string | null>();
    for (let i = 0; i < 50; i += 1) {
      const { id, owner } = await create({ background: true });
      owners.add(owner);
      for (const [method, suffix] of [
        ['GET', ''],
        ['GET', '/input_items?limit=5&order=asc'],
        ['POST', '/cancel'],
      ] as const) {
        const seen = await call(method, `/v1/responses/${id}${suffix}`);
        expect(seen.status, `${method} ${suffix}: ${seen.text}`).toBe(200);
        expect(rig.upstream.ledger.last()).toMatchObject({
          key: owner,
          path: `/v1/responses/${id}${suffix}`,
        });
      }
      if (i % 5 === 0) {
        expect((await call('DELETE', `/v1/responses/${id}`)).text).toContain('"deleted":true');
        expect(rig.upstream.ledger.last().key).toBe(owner);
      }
    }
    expect(owners.size).toBe(4);
  });

  it('an item of a stored response, named by item_reference alone', async () => {
    for (let i = 0; i < 12; i += 1) {
      const first = await rig.client.send({ body: { stream: i % 2 === 0 } });
      const { key: owner, responseId } = rig.upstream.ledger.last();
      const found = rig.upstream.accounts.find(owner ?? '', responseId ?? '');
      const output = 'response' in found ? found.response.output : [];
      expect(first.status).toBe(200);
      expect(output.length).toBeGreaterThan(0);
      for (const item of output) {
        const seen = await call('POST', '/v1/responses', {
          input: [
            { type: 'item_reference', id: item['id'] },
            { role: 'user', content: 'and?' },
          ],
        });
        expect(seen.status, seen.text).toBe(200);
        expect(rig.upstream.ledger.last().key).toBe(owner);
      }
    }
  });

  it('a next turn by previous_response_id', async () => {
    for (let i = 0; i < 20; i += 1) {
      const { id, owner } = await create();
      const next = await call('POST', '/v1/responses', { previous_response_id: id, stream: i % 2 === 0 });
      expect(next.status).toBe(200);
      expect(rig.upstream.ledger.last().key).toBe(owner);
    }
  });

  it('a response that was streamed, and its replay', async () => {
    const streamed = await rig.client.send({ body: { stream: true } });
    const owner = rig.upstream.ledger.byResponseId(streamed.responseId ?? '')?.key;
    const replay = await call('GET', `/v1/responses/${streamed.responseId}?stream=true&starting_after=2`);
    expect(replay.headers['content-type']).toContain('text/event-stream');
    expect(replay.text).toMatch(/^event: /);
    expect(replay.text).not.toContain('"sequence_number":2}');
    expect(rig.upstream.ledger.last().key).toBe(owner);
  });

  it('compact and input_tokens with previous_response_id', async () => {
    for (const path of ['/v1/responses/compact', '/v1/responses/input_tokens?beta=true']) {
      const { id, owner } = await create();
      const seen = await call('POST', path, { previous_response_id: id });
      expect(seen.status, seen.text).toBe(200);
      expect(rig.upstream.ledger.last()).toMatchObject({ key: owner, path });
    }
  });

  it('sealed content of a compaction goes back to its organisation', async () => {
    const compacted = await call('POST', '/v1/responses/compact', { input: 'a long history' });
    const { output } = JSON.parse(compacted.text) as { output: object[] };
    const owner = rig.upstream.ledger.last().key;
    for (let i = 0; i < 8; i += 1) {
      const next = await call('POST', '/v1/responses', {
        input: [...output, { role: 'user', content: 'go on' }],
      });
      expect(next.status, next.text).toBe(200);
      expect(rig.upstream.ledger.last().key).toBe(owner);
    }
  });
});

describe('conversations', () => {
  it('stay with the key that made them', async () => {
    for (let i = 0; i < 12; i += 1) {
      const made = JSON.parse((await call('POST', '/v1/conversations', { metadata: { i } })).text) as {
        id: string;
      };
      const owner = rig.upstream.ledger.last().key;
      const path = `/v1/conversations/${made.id}`;
      const steps: readonly (readonly [string, string, Record<string, unknown> | null])[] = [
        ['GET', path, null],
        ['POST', path, { metadata: { topic: 'x' } }],
        ['POST', `${path}/items`, { items: [{ role: 'user', content: 'hi' }] }],
        ['GET', `${path}/items?limit=10`, null],
        ['POST', '/v1/responses', { conversation: made.id }],
        ['POST', '/v1/responses', { conversation: { id: made.id } }],
        ['DELETE', path, null],
      ];
      for (const [method, where, body] of steps) {
        const seen = await call(method, where, body);
        expect(seen.status, `${method} ${where}: ${seen.text}`).toBe(200);
        expect(rig.upstream.ledger.last().key).toBe(owner);
      }
    }
  });
});

describe('models', () => {
  it('lists and reads models through any key, with the query as sent', async () => {
    const list = await call('GET', '/v1/models?client_version=0.169.0');
    expect(list.status).toBe(200);
    expect((JSON.parse(list.text) as { data: { id: string }[] }).data.map((m) => m.id)).toContain('gpt-5.5');
    // The proxy's own probes ask without a query.
    expect(rig.upstream.ledger.arrivals.some((a) => a.path === '/v1/models?client_version=0.169.0')).toBe(
      true,
    );
    expect(JSON.parse((await call('GET', '/v1/models/gpt-5.5')).text)).toMatchObject({
      id: 'gpt-5.5',
      object: 'model',
    });
  });
});

describe('what is not forwarded', () => {
  it.each([
    ['GET', '/v1/files'],
    ['POST', '/v1/chat/completions'],
    ['GET', '/v1/'],
    ['POST', '/v1/responsesx'],
    ['GET', '/v1/responses/a/b/c/d'],
    ['GET', '/v1/responses/..%2f..%2fadmin'],
    ['GET', '/v1/responses/../models/x/../../files'],
    ['GET', '/v1/conversations/%2e%2e/files'],
  ])('%s %s is refused and nothing reaches the upstream', async (method, path) => {
    const before = rig.upstream.ledger.traffic.length;
    const seen = await call(method, path, method === 'POST' ? {} : null);
    expect([400, 404, 405]).toContain(seen.status);
    expect((JSON.parse(seen.text) as { error: object }).error).toMatchObject({
      code: expect.any(String) as string,
    });
    expect(rig.upstream.ledger.traffic.length).toBe(before);
  });

  it('a response id nobody here knows stays a 404 or the upstream’s own answer', async () => {
    const seen = await call('GET', '/v1/responses/resp_00000000000000000000000000000000');
    expect(seen.status).toBe(404);
  });
});
