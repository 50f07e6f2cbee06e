import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeBackground } from '../support/background.js';
import type { RequestRow } from '../support/history.js';
import { Rig, key } from '../support/rig.js';

const SESSION = { 'x-proxy-session-id': 'counted-once' };
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ keys: [key('a'), key('b')] });
});

afterAll(() => rig.stop());

async function create(body: Record<string, unknown>): Promise<{ id: string; row: RequestRow }> {
  const seen = await rig.client.send({ headers: SESSION, body });
  const { id } = JSON.parse(seen.text) as { id: string };
  return { id, row: await rig.history.finished(seen.proxyRequestId) };
}

async function retrieve(id: string, query = ''): Promise<RequestRow> {
  const seen = await rig.client.send({
    method: 'GET',
    path: `/v1/responses/${id}${query}`,
    headers: SESSION,
    body: null,
  });
  expect(seen.status, seen.text).toBe(200);
  return rig.history.finished(seen.proxyRequestId);
}

const sessionTokens = async (): Promise<number | null> => {
  const [row] = await rig.history.rows<{ total_tokens: number | null }>(
    `SELECT total_tokens FROM sessions WHERE id = 'counted-once'`,
  );
  return row?.total_tokens ?? null;
};

describe('tokens of one response', () => {
  it('are counted by the request that made it, not again by each that reads it', async () => {
    const { id, row } = await create({});
    expect(row.total_tokens).toBeGreaterThan(0);
    for (const query of ['', '?include[]=message.output_text.logprobs', '?stream=true']) {
      const read = await retrieve(id, query);
      expect([read.response_id, read.total_tokens, read.input_tokens]).toEqual([id, null, null]);
    }
    expect(await sessionTokens()).toBe(row.total_tokens);
  });

  it('are counted by the first that reads them, of a background response, also after a restart', async () => {
    const before = (await sessionTokens()) ?? 0;
    const { id, row } = await create({ background: true });
    expect(row.total_tokens).toBeNull();
    expect((await retrieve(id)).total_tokens).toBeNull();
    const ours = { alias: 'ours', upstream_id: 'listed-nowhere', prices: { input: 1_000, output: 1_000 } };
    await rig.proxy.admin('/admin/models', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ours),
    });
    const priced = await create({ background: true, model: 'ours' });
    await rig.proxy.kill9();
    await rig.proxy.restart();
    completeBackground(rig.upstream, id);
    completeBackground(rig.upstream, priced.id);
    // Whoever reads it names no model: it costs what the alias does that was asked for.
    expect(Number((await retrieve(priced.id)).cost)).toBe(18_000);
    expect(await retrieve(id)).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    expect((await retrieve(id)).total_tokens).toBeNull();
    await rig.proxy.kill9();
    await rig.proxy.restart();
    expect((await retrieve(id)).total_tokens).toBeNull();
    expect(await sessionTokens()).toBe(before + 36);
  });
});
