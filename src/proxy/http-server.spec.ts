import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  afterEach(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
    answers.length = 0;
  });

  /** Its answers are left to the test. The limits are lowered once the server has checked and taken them. */
  async function open(env: Record<string, string> = {}): Promise<RawClient> {
    const keep = (_req: unknown, res: ServerResponse): void => void answers.push(res);
    server = createProxyServer(loadConfig(env, '0').server, keep, () => keep);
    Object.assign(server, {
      headersTimeout: LIMIT_MS,
      requestTimeout: LIMIT_MS,
      connectionsCheckingInterval: 50,
    });
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
});
