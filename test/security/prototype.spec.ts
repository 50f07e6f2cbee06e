import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { readSqlite } from '../support/history.js';
import { LoadClient } from '../support/load-client.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { TestRedis } from '../support/redis.js';
import { note } from '../support/release.js';
import { describeWith } from '../support/skip.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';
import { startWorker } from '../support/worker-process.js';

const FLAGS = ['--disable-proto=delete', '--import', resolve('test/support/prototype-watch.mjs')];
const POISON = '{"__proto__":{"x":1,"enabled":true},"constructor":{"prototype":{"x":1}}}';
const NAMES = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty'];
const binary = TestRedis.binary() ?? '';

describeWith(binary !== '', 'a Redis server')('names out of the prototype', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rpx-proto-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('are names like any other, in API and worker, which run without __proto__ at all', async () => {
    const redis = await TestRedis.start(binary);
    const upstream = await FakeUpstream.start({ keys: ['sk-test-proto'], websocket: true });
    upstream.usage = () =>
      JSON.parse('{"input_tokens":1,"output_tokens":1,"total_tokens":2,"__proto__":{"x":1}}') as never;
    upstream.extraHeaders = { 'x-ratelimit-remaining-__proto__': '1', constructor: 'x' };
    const proxy = await ProxyProcess.start({
      upstream,
      keys: ['sk-test-proto'],
      nodeFlags: FLAGS,
      env: { PROXY_REDIS_URL: redis.url, PROXY_SQLITE_URL: `sqlite:///${directory}/proxy.sqlite3` },
    });
    const worker = await startWorker({
      redisUrl: redis.url,
      sqlitePath: `${directory}/proxy.sqlite3`,
      env: { NODE_OPTIONS: FLAGS.join(' ') },
    });
    const client = new LoadClient(proxy.url);
    const post = (path: string, body: string, lines: readonly string[] = []): Promise<unknown> =>
      askRaw(proxy.port, rawRequest('POST', path, ['content-type: application/json', ...lines], body));

    for (const name of NAMES) {
      // 1 model, 2 session, 3 metadata, 4 pool, 5 cache key, 6 id in the path, 7 header, 8 query, 9 alias and client key.
      await client.send({
        body: { model: name, prompt_cache_key: name, metadata: { session_id: name, session_name: name } },
      });
      await client.send({ body: {}, headers: { 'x-proxy-pool-id': name } });
      await client.send({ body: { previous_response_id: name, conversation: null } });
      await askRaw(
        proxy.port,
        rawRequest('GET', `/v1/responses/${name}`, [`${name}: 1`, `x-codex-${name}: 1`]),
      );
      await askRaw(proxy.port, rawRequest('GET', `/admin/requests?${name}=1&${name}[x]=1`, []));
      for (const path of ['keys', 'models', 'providers'])
        await post(
          `/admin/${path}`,
          `{"name":"${name}","alias":"${name}","upstream_id":"${name}","${name}":{"x":1}}`,
        );
    }
    for (const path of [
      '/v1/responses',
      '/admin/keys',
      '/admin/models',
      '/admin/providers',
      '/admin/providers/test',
      '/admin/models/test',
      '/admin/route/explain',
    ]) {
      await post(path, POISON);
      await post(
        path,
        `{"model":"gpt-5.5","name":"n","alias":"a","metadata":${POISON},"client_metadata":${POISON},"conversation":${POISON},"input":[${POISON}],"tools":[${POISON}]}`,
      );
    }
    const socket = await SocketClient.open(proxy.url);
    socket.ws.send(
      `{"type":"response.create","stream_id":"__proto__","model":"gpt-5.5","metadata":${POISON},"__proto__":{"x":1}}`,
    );
    await socket.ended();
    socket.ws.close();
    await proxy.idle();

    await until(
      () =>
        readSqlite<{ model: string }>(
          `${directory}/proxy.sqlite3`,
          "SELECT model FROM requests WHERE state = 'completed'",
        ),
      (rows) => NAMES.every((name) => rows.some(({ model }) => model === name)),
      { what: 'a row for each name' },
    );
    client.close();
    note('S15', 'names, each in 9 places', NAMES.length);
    for (const one of [proxy, worker]) {
      expect(await one.stop()).toBe(0);
      await until(() => one.logs.some((line) => line['event'] === 'prototypes'), {
        what: 'the report at the end',
      });
      const report = one.logs.find((line) => line['event'] === 'prototypes');
      expect(report).toEqual({ event: 'prototypes', added: [], proto: false, x: null });
      expect(one.output).not.toMatch(/unhandled|failed inside/i);
    }
    await upstream.stop();
    await redis.stop();
  }, 60_000);
});
