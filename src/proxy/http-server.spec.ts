import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, rawRequest } from '../../test/support/raw-http.js';
import { until } from '../../test/support/until.js';
import { loadConfig } from '../config/load-config.js';
import { createProxyServer } from './http-server.js';

const LIMIT_MS = 200;

describe('createProxyServer', () => {
  let server: Server;
  let client: RawClient;
  const answers: ServerResponse[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
    answers.length = 0;
    sockets.length = 0;
  });

  /** Its answers are left to the test. The limits are lowered once the server has checked and taken them. */
  async function open(env: Record<string, string> = {}): Promise<RawClient> {
    const keep = (_req: unknown, res: ServerResponse): void => void answers.push(res);
    server = createProxyServer(loadConfig(env, '0').server, keep, () => keep);
    Object.assign(server, {
      headersTimeout: LIMIT_MS,
      requestTimeout: LIMIT_MS,
      connectionsCheckingInterval: 50,
      keepAliveTimeout: LIMIT_MS,
      keepAliveTimeoutBuffer: 0,
    });
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = await RawClient.open((server.address() as AddressInfo).port);
    return client;
  }

  const answer = (): Promise<ServerResponse> =>
    until(
      () => answers[0],
      (res) => res !== undefined,
    ) as Promise<ServerResponse>;

  it('does not count the time an answer takes as time of its request', async () => {
    const raw = await open({ PROXY_CLIENT_STALL_TIMEOUT_SECONDS: '0.1' });
    raw.send(rawRequest('POST', '/v1/responses', [], '{}'));
    const res = await answer();
    const began = performance.now();
    await until(
      () => {
        res.write('event\n');
        return performance.now() - began > 5 * LIMIT_MS;
      },
      Boolean,
      { everyMs: 2 * LIMIT_MS },
    );
    res.end('the end');
    expect(await raw.untilText(/the end/)).toMatch(/^HTTP\/1\.1 200/);
  });

  it.each(['/admin/health/check', '/v1/responses'])(
    'ends a request to %s whose body does not come',
    async (path) => {
      const raw = await open();
      raw.send(rawRequest('POST', path, ['content-length: 10'], '{'));
      expect(await raw.untilText(/\}$/)).toMatch(/^HTTP\/1\.1 408 [^]*"body_timeout"/);
      await raw.untilClosed();
    },
  );

  it('ends a connection whose request head does not come', async () => {
    const raw = await open();
    raw.send('GET /healthz HTTP/1.1\r\nhost:');
    expect(await raw.untilText(/\}$/)).toMatch(/^HTTP\/1\.1 408 [^]*"header_timeout"/);
  });

  it('never puts an answer of its own into one that has begun', async () => {
    const raw = await open();
    raw.send(rawRequest('POST', '/v1/responses', [], '{}'));
    (await answer()).write('event\n');
    await raw.untilText(/event/);
    raw.send('this is not HTTP\r\n\r\n');
    await raw.untilClosed();
    expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('refuses the ninth request sent ahead of its answers, on the hot path too', async () => {
    const raw = await open();
    raw.send(Buffer.concat(Array(9).fill(rawRequest('POST', '/v1/responses', [], '{}'))));
    await raw.untilClosed();
    expect(answers).toHaveLength(8);
  });

  it('keeps an answer of Express that is slow to come, whatever the limit for readers', async () => {
    const raw = await open({ PROXY_CLIENT_STALL_TIMEOUT_SECONDS: '0.05' });
    raw.send(rawRequest('POST', '/admin/health/check', [], '{}'));
    const res = await answer();
    let timeouts = 0;
    res.on('timeout', () => (timeouts += 1));
    await until(() => timeouts > 0, Boolean);
    res.end('late');
    await raw.untilText(/late/);
  });

  describe('where this process was late and the bytes were there, unread', () => {
    /** Sends, and keeps the loop from reading it until the limits have passed. */
    const sendAndBeLate = async (raw: RawClient, data: string | Buffer): Promise<void> => {
      // What follows a turn's check phase are the timers of the next one, ahead of its sockets.
      await new Promise(setImmediate);
      raw.send(data);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * LIMIT_MS);
    };
    const read = (bytes: number): Promise<boolean> => until(() => sockets[0]?.bytesRead === bytes, Boolean);
    const answered = async (raw: RawClient, nth: number): Promise<void> => {
      await until(() => answers[nth]?.req.complete || sockets[0]?.destroyed, Boolean);
      answers[nth]?.end('served');
      expect(await raw.untilText(/served/)).toMatch(/^HTTP\/1\.1 200/);
      expect(raw.text).not.toContain('408');
    };

    it('serves a request whose head came in time', async () => {
      const raw = await open();
      const request = rawRequest('POST', '/v1/responses', [], '{}');
      raw.send(request.subarray(0, 10));
      await read(10);
      await sendAndBeLate(raw, request.subarray(10));
      await answered(raw, 0);
    });

    it('serves a connection that it has only just accepted', async () => {
      const raw = await open();
      await until(() => sockets.length, Boolean);
      await sendAndBeLate(raw, rawRequest('GET', '/v1/models', []));
      await answered(raw, 0);
    });

    it.each(['/admin/health/check', '/v1/responses'])(
      'serves a request to %s whose body came',
      async (path) => {
        const raw = await open();
        raw.send(rawRequest('POST', path, ['content-length: 10'], '{'));
        await answer();
        await sendAndBeLate(raw, '"a":"bc"}');
        await answered(raw, 0);
      },
    );

    it('serves the next request of a connection that is kept', async () => {
      const raw = await open();
      raw.send(rawRequest('GET', '/v1/models', []));
      (await answer()).end('first');
      await raw.untilText(/first/);
      // Node 20 grants a second term to a socket that has written since it last looked.
      if (process.versions.node.startsWith('20.')) {
        await sendAndBeLate(raw, '');
        await new Promise(setImmediate);
      }
      await sendAndBeLate(raw, rawRequest('GET', '/v1/models', []));
      await answered(raw, 1);
    });

    it('ends a connection all the same whose head is not whole', async () => {
      const raw = await open();
      await until(() => sockets.length, Boolean);
      await sendAndBeLate(raw, 'GET /v1/models HTTP/1.1\r\nhost:');
      expect(await raw.untilText(/\}$/)).toMatch(/^HTTP\/1\.1 408 [^]*"header_timeout"/);
    });
  });
});
