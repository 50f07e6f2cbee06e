import { afterEach, describe, expect, it } from 'vitest';
import { Rig, inPool, key } from '../support/rig.js';
import { SocketRig } from '../support/socket-rig.js';

let ws: SocketRig;

afterEach(() => ws.stop());

interface Made {
  readonly id: string;
  readonly output: readonly object[];
}

const KEYS = [key('a', 'org-a'), key('b', 'org-b'), key('c', 'org-c')];

/** A response over HTTP, and the key that made it. */
async function made(rig: Rig, body: object): Promise<Made & { readonly key: string | null }> {
  const answer = await fetch(`${rig.proxy.v1}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5.5', input: 'hello', ...body }),
  });
  return { ...((await answer.json()) as Made), key: rig.upstream.ledger.last().key };
}

describe('the first message of a connection', () => {
  it('that refers to another key’s response takes the connection there, unseen by the client', async () => {
    ws = await SocketRig.start({ keys: KEYS });
    for (let i = 0; i < 8; i++) {
      const stored = await made(ws.rig, {});
      const client = await ws.open();
      client.create({ previous_response_id: stored.id, input: 'more' });
      client.create({ previous_response_id: stored.id, input: 'and more' });
      const ends = await client.ended(2);
      expect(ends.map((e) => e.type)).toEqual(['response.completed', 'response.completed']);
      expect(ws.up.last.key).toBe(stored.key);
      client.ws.close();
    }
    // Some of the eight had been connected elsewhere first; nothing was sent there.
    expect(ws.up.connections.length).toBeGreaterThan(8);
    expect(ws.up.creates.length).toBe(16);
    expect((await ws.rows(24)).every((r) => r.state === 'completed')).toBe(true);
  });

  it('is explained attempt by attempt also when its handshake was refused somewhere before', async () => {
    ws = await SocketRig.start({ keys: KEYS });
    for (let i = 0; i < 6; i++) {
      const stored = await made(ws.rig, {});
      ws.up.next.push('reset');
      const client = await ws.open();
      client.create({ previous_response_id: stored.id, input: 'more' });
      expect((await client.ended())[0]?.type).toBe('response.completed');
      client.ws.close();
    }
    await ws.rows(12);
    const attempts = await ws.rig.history.rows<{ n: number; explained: number }>(
      `SELECT n, (SELECT count(*) FROM decisions d WHERE d.request_id = a.request_id AND d.attempt = a.n
        AND d.resource_id = a.resource_id) AS explained FROM attempts a`,
    );
    expect(attempts.filter(({ n }) => n > 1).length).toBeGreaterThanOrEqual(6);
    expect(attempts.filter(({ explained }) => explained === 0)).toEqual([]);
  });

  it('with content sealed elsewhere goes to the organisation that sealed it', async () => {
    ws = await SocketRig.start({ keys: KEYS });
    for (let i = 0; i < 4; i++) {
      const sealed = await made(ws.rig, { include: ['reasoning.encrypted_content'], store: false });
      const client = await ws.open();
      client.create({ input: [...sealed.output, { role: 'user', content: 'go on' }] });
      expect((await client.ended())[0]?.type).toBe('response.completed');
      expect(ws.up.last.key).toBe(sealed.key);
      client.ws.close();
    }
  });

  it('whose owner is gone is told so, and the connection is still good for others', async () => {
    ws = await SocketRig.start({ keys: KEYS });
    const stored = await made(ws.rig, {});
    ws.rig.upstream.faults.set(stored.key ?? '', 'status,code=401');
    ws.up.faults.set(stored.key ?? '', 401);
    for (let i = 0; i < 6; i++) {
      const client = await ws.open();
      client.create({ previous_response_id: stored.id });
      client.create({});
      const [first, second] = await client.ended(2);
      expect(first).toMatchObject({ type: 'error', error: { type: expect.any(String) } });
      expect(second?.type).toBe('response.completed');
      client.ws.close();
    }
    expect(ws.up.creates.every((c) => c.key !== stored.key)).toBe(true);
  });
});

describe('pools and sessions', () => {
  it('are chosen by the handshake’s headers', async () => {
    const keys = [key('p0-0'), key('p1-0')];
    ws = await SocketRig.start({ keys, env: { OPENAI_RESOURCE_POOL_IDS: 'p0,p1' } });
    for (let i = 0; i < 4; i++) {
      const client = await ws.open(inPool('p1'));
      expect(ws.up.last.key).toBe('sk-test-p1-0');
      client.ws.close();
    }
    expect((await ws.refused(inPool('nowhere'))).status).toBe(503);
    const byBody = await ws.open(inPool('p0'));
    byBody.create({});
    await byBody.ended();
    expect(ws.up.last.key).toBe('sk-test-p0-0');
    byBody.ws.close();
  });

  it('a pool named only in the first message is honoured, too', async () => {
    const keys = [key('p0-0'), key('p1-0')];
    ws = await SocketRig.start({ keys, env: { OPENAI_RESOURCE_POOL_IDS: 'p0,p1' } });
    for (let i = 0; i < 4; i++) {
      const client = await ws.open();
      client.create({ metadata: { pool_id: 'p1' } });
      await client.ended();
      expect(ws.up.last.key).toBe('sk-test-p1-0');
      client.ws.close();
    }
  });
});
