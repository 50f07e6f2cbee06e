import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import { key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { SocketRig } from '../support/socket-rig.js';

const KEYS = [key('a1', 'org-a'), key('a2', 'org-a'), key('b1', 'org-b')];
let ws: SocketRig;

beforeAll(async () => {
  ws = await SocketRig.start({ keys: KEYS });
});
afterAll(() => ws.stop());

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('the real Codex CLI over WebSocket', () => {
  it('goes through a tool loop on one connection and never falls back', async () => {
    const codex = new Codex([`openai_base_url="${ws.proxy.v1}"`]);
    const result = await codex.exec(['call:exec_command {"cmd":"echo from-the-tool"}']);
    expect(result.code, `${result.stderr}\n${result.stdout}`).toBe(0);
    expect(result.lastMessage).toContain('from-the-tool');
    expect(ws.rig.upstream.ledger.creates.length).toBe(0);
    expect(ws.up.creates.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ws.up.creates.map((c) => c.key)).size).toBe(1);
    const rows = await ws.rows(ws.up.creates.length);
    expect(rows.map((r) => r.response_id)).toEqual(ws.up.creates.map((c) => c.responseId));
    expect(rows.every((r) => r.state === 'completed' && r.session_id === result.threadId)).toBe(true);
    const connections = ws.up.connections.length;
    const resumed = await codex.exec(['resume', result.threadId ?? '', 'and now?']);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(ws.up.connections.length).toBeGreaterThan(connections);
    expect(new Set(ws.up.creates.map((c) => c.key)).size).toBe(1);
    expect(ws.rig.upstream.ledger.creates.length).toBe(0);
    codex.dispose();
  });

  it('resumes within its organisation when the key of its session is refused at the handshake', async () => {
    const two = await SocketRig.start({
      keys: [key('a1', 'org-a'), key('a2', 'org-a'), key('b1', 'org-b'), key('b2', 'org-b')],
    });
    const codex = new Codex([`openai_base_url="${two.proxy.v1}"`]);
    for (let i = 0; i < 3; i += 1) {
      const first = await codex.exec([`call:exec_command {"cmd":"echo here-${i}"}`]);
      const owner = two.up.creates.at(-1)?.key ?? '';
      two.up.faults.set(owner, 500);
      for (const verb of ['resume', 'fork']) {
        const run = await codex.exec([verb, first.threadId ?? '', `${verb} ${i}`]);
        expect(run.code, run.stdout.slice(-800)).toBe(0);
        expect(run.lastMessage).toContain(`${verb} ${i}`);
      }
      two.up.faults.clear();
    }
    expect(two.up.creates.filter((c) => c.refused !== undefined)).toEqual([]);
    expect(two.rig.upstream.ledger.creates.filter((a) => a.status !== 200)).toEqual([]);
    codex.dispose();
    await two.stop();
  }, 60_000);

  it('does not notice a key that is refused at the handshake', async () => {
    ws.up.faults.set('sk-test-a1', 401);
    ws.up.faults.set('sk-test-b1', 503);
    const codex = new Codex([`openai_base_url="${ws.proxy.v1}"`]);
    const result = await codex.exec(['call:exec_command {"cmd":"echo still-here"}']);
    expect(result.lastMessage).toContain('still-here');
    expect(ws.rig.upstream.ledger.creates.length).toBe(0);
    ws.up.faults.clear();
    codex.dispose();
  });
});

describe('the openai SDK over WebSocket', () => {
  it('has its turns on one connection', async () => {
    const openai = new OpenAI({ apiKey: 'not-a-real-key', baseURL: ws.proxy.v1 });
    const socket = new ResponsesWS(openai);
    const texts: string[] = [];
    const turn = (input: string): Promise<void> =>
      new Promise((resolve, reject) => {
        socket.on('error', reject);
        socket.once('response.completed', (event) => {
          texts.push(JSON.stringify(event.response.output));
          resolve();
        });
        socket.send({ type: 'response.create', model: 'gpt-5.5', input });
      });
    await turn('one');
    await turn('two');
    expect(texts[0]).toContain('you said one');
    expect(texts[1]).toContain('you said two');
    socket.close();
  });
});
