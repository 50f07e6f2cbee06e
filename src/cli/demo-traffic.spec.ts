import { getEventListeners, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DemoTraffic } from './demo-traffic.js';

interface Seen {
  readonly session: string | undefined;
  readonly pool: string | undefined;
  readonly previous: string | undefined;
}

const seen: Seen[] = [];
let answering = true;
let server: Server;
let url: string;

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = (await json(req)) as { previous_response_id?: string };
  const session = req.headers['session-id'] as string | undefined;
  const pool = req.headers['x-proxy-pool-id'] as string | undefined;
  seen.push({ session, pool, previous: body.previous_response_id });
  if (answering) res.end(JSON.stringify({ id: `resp_${session ?? 'none'}`, status: 'completed' }));
}

beforeAll(async () => {
  server = createServer((req, res) => void answer(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it('leaves no listener on the signal that stops it, however many requests it sends', async () => {
  const { signal } = new AbortController();
  const most: number[] = [];
  const watch = setInterval(() => most.push(getEventListeners(signal, 'abort').length), 5);
  const traffic = new DemoTraffic(url, 1);
  await traffic.run(200, signal);
  clearInterval(watch);
  expect(traffic.state).toMatchObject({ started: 200, answered: 200, failed: 0, open: 0 });
  // Its own one, and that of the pause it is in.
  expect(Math.max(...most)).toBeLessThanOrEqual(2);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('asks for the pool in sessions of its own only, and continues each session where it was', () => {
  const inPool = new Set(seen.filter((s) => s.pool !== undefined).map((s) => s.session));
  const elsewhere = new Set(seen.filter((s) => s.pool === undefined).map((s) => s.session));
  expect(inPool.size).toBeGreaterThan(0);
  expect([...inPool].filter((session) => elsewhere.has(session))).toEqual([]);
  const continued = seen.filter((s) => s.previous !== undefined);
  expect(continued.length).toBeGreaterThan(0);
  expect(continued.filter((s) => s.previous !== `resp_${s.session}`)).toEqual([]);
});

it('gives up what is open when it is stopped, and counts none of it as failed', async () => {
  answering = false;
  const stop = new AbortController();
  const traffic = new DemoTraffic(url, 1);
  const before = seen.length;
  const running = traffic.run(Infinity, stop.signal);
  while (seen.length < before + 5) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await running;
  expect(traffic.state).toMatchObject({ failed: 0, open: 0 });
});
