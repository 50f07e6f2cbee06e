import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { Backend } from '../test/support/backend.js';
import { ProxyProcess } from '../test/support/proxy-process.js';
import { demand, note, quantile } from '../test/support/release.js';
import { SocketClient } from '../test/support/socket-client.js';

const SOCKETS = 50;
const MESSAGES = 200;
const EVERY_MS = 50;

/** Answers each create with messages that say when they were sent. */
function stream(socket: WebSocket, id: number): void {
  const response = { id: `resp_${id}`, object: 'response', status: 'in_progress', usage: null };
  const send = (event: object): void => socket.send(JSON.stringify(event));
  send({ type: 'response.created', response });
  let n = 0;
  const timer = setInterval(() => {
    if (n < MESSAGES) {
      const delta = String(performance.now());
      return send({ type: 'response.output_text.delta', sequence_number: (n += 1), delta });
    }
    clearInterval(timer);
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    send({ type: 'response.completed', response: { ...response, status: 'completed', usage } });
  }, EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

describe('the WebSocket relay', () => {
  let upstream: WebSocketServer;
  let origin: string;
  let proxy: ProxyProcess;
  let backend: Backend;

  beforeAll(async () => {
    upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    let responses = 0;
    upstream.on('connection', (socket) => socket.on('message', () => stream(socket, (responses += 1))));
    await once(upstream, 'listening');
    origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    backend = await Backend.start();
    const keys = ['sk-1', 'sk-2'];
    proxy = await ProxyProcess.start({ upstream: `${origin}/v1`, keys, env: backend.env });
  });
  afterAll(async () => {
    await proxy.dispose();
    await backend.stop();
    upstream.close();
  });

  /** How late each message is, over connections that begin one after the other within one interval. */
  async function delays(url: string): Promise<number[]> {
    const late: number[] = [];
    const clients = await Promise.all(Array.from({ length: SOCKETS }, () => SocketClient.open(url)));
    await Promise.all(
      clients.map(async (client, i) => {
        client.ws.on('message', (data: Buffer) => {
          const { delta } = JSON.parse(data.toString()) as { delta?: string };
          if (delta !== undefined) late.push(performance.now() - Number(delta));
        });
        await new Promise((resolve) => setTimeout(resolve, (i * EVERY_MS) / SOCKETS));
        client.create({});
        await client.ended(1, 60_000);
        client.ws.close();
      }),
    );
    return late;
  }

  it('adds little to each message', async () => {
    // Once each for the compiler.
    await delays(proxy.url);
    const direct = await delays(origin);
    const relayed = await delays(proxy.url);
    expect(direct.length).toBe(SOCKETS * MESSAGES);
    demand('WebSocket', 'messages relayed', relayed.length, { exactly: SOCKETS * MESSAGES });
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      note('WebSocket', `delay of a message without the proxy, ${name}, ms`, quantile(direct, q));
      note('WebSocket', `delay of a message through the relay, ${name}, ms`, quantile(relayed, q));
      note('WebSocket', `added to a message, ${name}, ms`, quantile(relayed, q) - quantile(direct, q));
    }
  }, 120_000);
});
