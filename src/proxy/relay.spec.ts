import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UsageTap } from '../usage/usage-tap.js';
import { Relay } from './relay.js';

const SSE_HEAD = ['content-type', 'text/event-stream'];
const event = (n: number): Buffer => Buffer.from(`event: x\ndata: {"n":${n}}\n\n`);

describe('a relay', () => {
  let server: Server;
  let client: Socket;
  let received: Buffer[];
  let relay: Relay;
  let res: ServerResponse;
  const seen = { terminal: 0, stall: 0, drain: 0 };

  const text = (): string => Buffer.concat(received).toString();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(async () => {
    Object.assign(seen, { terminal: 0, stall: 0, drain: 0 });
    received = [];
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => undefined);
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
    const tap = new UsageTap({
      contentType: 'text/event-stream',
      contentEncoding: null,
      contentLength: null,
      maxCaptureBytes: 0,
    });
    relay = new Relay(res, tap, 50, {
      onTerminal: () => (seen.terminal += 1),
      onStall: () => (seen.stall += 1),
      onDrain: () => (seen.drain += 1),
    });
  });

  afterEach(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('sends what arrived in one turn as one piece, head included', async () => {
    relay.head(200, [...SSE_HEAD]);
    for (let n = 0; n < 5; n += 1) relay.write(event(n));
    await until(() => text().includes('"n":4'));
    // One frame of the chunked coding holds all five events: one length line.
    expect(text().match(/^[0-9a-f]+\r\n/gm)).toHaveLength(1);
  });

  it('sends a head and a lone event without waiting for more', async () => {
    relay.head(200, [...SSE_HEAD]);
    await until(() => text().includes('200 OK'));
    relay.write(event(1));
    await until(() => text().includes('"n":1'));
    // Many times: a cork that is not given back exactly once holds later events until the end, and writes them after it.
    for (let n = 2; n < 12; n += 1) {
      relay.write(event(n));
      await until(() => text().includes(`"n":${n}}`));
    }
    expect(text()).not.toMatch(/\r\n0\r\n\r\n/);
    relay.end();
    await until(() => text().endsWith('\r\n0\r\n\r\n'));
  });

  it('asks for a pause when the client does not read, names a stall, and goes on when it reads', async () => {
    client.pause();
    relay.head(200, [...SSE_HEAD]);
    const block = Buffer.alloc(256 * 1024, 'a');
    for (let written = 0; seen.stall === 0; written += relay.write(block) ? 1 : 0) {
      expect(written).toBeLessThan(200);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(relay.write(Buffer.from('x'))).toBe(false);
    const drained = seen.drain;
    client.resume();
    await until(() => seen.drain > drained);
  });

  it('announces the terminal event before forwarding it', async () => {
    relay.head(200, [...SSE_HEAD]);
    relay.write(
      Buffer.from(
        'event: response.completed\ndata: {"type":"response.completed","response":{"id":"resp_1"}}\n',
      ),
    );
    expect(seen.terminal).toBe(0);
    await until(() => text().includes('resp_1'));
    relay.write(Buffer.from('\n'));
    expect(seen.terminal).toBe(1);
  });

  it('ends a cut answer so that it looks cut, after everything that was written', async () => {
    relay.head(200, [...SSE_HEAD]);
    relay.write(event(1));
    relay.cut(null);
    await once(client, 'close');
    expect(text()).toContain('"n":1');
    expect(text()).not.toContain('\r\n0\r\n');
  });

  it('adds last words only between events', async () => {
    relay.head(200, [...SSE_HEAD]);
    relay.write(Buffer.from('event: x\ndata: {"ha'));
    relay.cut('event: error\ndata: {}\n\n');
    await once(client, 'close');
    expect(text()).toContain('{"ha');
    expect(text()).not.toContain('event: error');
  });
});

describe('what is written around the bytes of an answer', () => {
  const server = createServer();
  const NOTHING = { onTerminal: () => undefined, onStall: () => undefined, onDrain: () => undefined };

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const relayOf = (res: ServerResponse): Relay => {
    const sse = { contentType: 'text/event-stream', contentEncoding: null, contentLength: null };
    return new Relay(res, new UsageTap({ ...sse, maxCaptureBytes: 0 }), 1_000, NOTHING);
  };

  /** What a client that sends `lines` reads until the connection ends; `answer` for each request, in their order. */
  async function exchange(lines: string, count: number, answer: (responses: ServerResponse[]) => void) {
    const responses: ServerResponse[] = [];
    const take = (_: unknown, res: ServerResponse): void => {
      if (responses.push(res) === count) answer(responses);
    };
    server.on('request', take);
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const received: Buffer[] = [];
    client.on('data', (chunk: Buffer) => received.push(chunk));
    client.write(lines);
    await once(client, 'close');
    server.off('request', take);
    const text = Buffer.concat(received).toString('latin1');
    return { text, body: text.slice(text.indexOf('\r\n\r\n') + 4) };
  }

  const whole = ([res]: ServerResponse[], status = 200, headers = SSE_HEAD): void => {
    const relay = relayOf(res as ServerResponse);
    relay.head(status, [...headers]);
    relay.write(Buffer.from('data: 1\n\n'));
    relay.end();
  };

  it('is nothing for a client of HTTP/1.0', async () => {
    const { body } = await exchange('GET / HTTP/1.0\r\n\r\n', 1, (all) => whole(all));
    expect(body).toBe('data: 1\n\n');
  });

  it('is nothing where the length is known', async () => {
    const lines = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
    const { body } = await exchange(lines, 1, (all) => whole(all, 200, [...SSE_HEAD, 'content-length', '9']));
    expect(body).toBe('data: 1\n\n');
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('is nothing for %s and %i, and neither are they', async (method, status) => {
    const lines = `${method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
    const { body } = await exchange(lines, 1, (all) => whole(all, status));
    expect(body).toBe('');
  });

  it('is in order for an answer that ends before its turn', async () => {
    const first = 'GET /1 HTTP/1.1\r\nhost: x\r\n\r\n';
    const last = 'GET /2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
    const { text } = await exchange(first + last, 2, ([one, two]) => {
      const early = relayOf(two as ServerResponse);
      early.head(200, [...SSE_HEAD]);
      early.write(Buffer.from('data: second\n\n'));
      early.end();
      whole([one as ServerResponse]);
    });
    expect(text).toMatch(/\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\nHTTP\/1\.1 200 /);
    expect(text.endsWith('\r\n\r\ne\r\ndata: second\n\n\r\n0\r\n\r\n')).toBe(true);
  });

  it('holds last words whole, and no end of the coding behind them', async () => {
    const { body } = await exchange('GET / HTTP/1.1\r\nhost: x\r\n\r\n', 1, ([res]) => {
      const relay = relayOf(res as ServerResponse);
      relay.head(200, [...SSE_HEAD]);
      relay.write(Buffer.from('data: 1\n\n'));
      relay.cut('data: é\n\n');
    });
    expect(Buffer.from(body, 'latin1').toString()).toBe('9\r\ndata: 1\n\n\r\na\r\ndata: é\n\n\r\n');
  });
});
