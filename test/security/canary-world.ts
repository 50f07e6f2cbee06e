import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { expect } from 'vitest';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { postgres } from '../support/postgres.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { redisCommand } from '../support/redis-commands.js';
import { TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { startWorker } from '../support/worker-process.js';

const random = (prefix = ''): string => prefix + randomBytes(24).toString('hex');

/** The secrets a whole deployment has. Client keys are added as they are made. */
export const SECRETS: Record<string, string> = {
  'upstream key 1': random('sk-proj-'),
  'upstream key 2': random('sk-'),
  // Without a mark by which a filter of texts could know them.
  'upstream key 3': random(),
  'upstream key 4': random('K'),
  'key of a provider': random('pk-'),
  'key by reference': random(),
  'admin token': random(),
  'master key': randomBytes(32).toString('base64'),
  'database password': random('pw'),
  'Redis password': random('pw'),
};

/** API and worker at debug level on a Postgres and a Redis with passwords, a client of each kind of key, and Redis's monitor. */
export class CanaryWorld {
  /** Everything anybody was answered: heads and bodies. */
  readonly answers: { readonly asked: string; readonly text: string }[] = [];
  monitored = '';

  private constructor(
    readonly upstream: FakeUpstream,
    readonly redis: TestRedis,
    readonly databaseUrl: string,
    readonly proxy: ProxyProcess,
    readonly worker: ProxyProcess,
    private readonly monitor: Socket,
  ) {
    monitor.on('data', (chunk: Buffer) => (this.monitored += chunk.toString('latin1')));
  }

  static async start(binary: string): Promise<CanaryWorld> {
    const secret = (name: string): string => SECRETS[name] ?? '';
    const redis = await TestRedis.start(binary);
    await redisCommand(redis.port, `ACL SETUSER canary on ~* &* +@all >${secret('Redis password')}`);
    const redisUrl = `redis://canary:${secret('Redis password')}@127.0.0.1:${redis.port}`;
    const databaseUrl = await databaseOf(secret('database password'));
    const keys = [1, 2, 3, 4].map((n) => secret(`upstream key ${n}`));
    const upstream = await FakeUpstream.start({
      keys: [...keys, secret('key of a provider'), secret('key by reference')].map((key, n) => ({
        key,
        organization: `org-${n}`,
      })),
      websocket: true,
    });
    const proxy = await ProxyProcess.start({
      upstream,
      keys,
      nodeFlags: ['--report-on-signal', '--report-filename=report.json'],
      env: {
        PROXY_ADMIN_TOKEN: secret('admin token'),
        PROXY_SECRET_ENCRYPTION_KEY: secret('master key'),
        PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
        PROXY_DATABASE_URL: databaseUrl,
        PROXY_REDIS_URL: redisUrl,
        TEAM_KEY: secret('key by reference'),
        // At the sizes of a release, too, where other specs leave it out.
        PROXY_LOG_LEVEL: 'debug',
      },
    });
    const worker = await startWorker({
      redisUrl,
      postgresUrl: databaseUrl,
      env: { PROXY_ADMIN_TOKEN: secret('admin token'), PROXY_LOG_LEVEL: 'debug' },
    });
    const monitor = connect(redis.port, '127.0.0.1');
    monitor.write('MONITOR\r\n');
    const world = new CanaryWorld(upstream, redis, databaseUrl, proxy, worker, monitor);
    await until(() => world.monitored.length > 200, { what: 'the monitor of Redis' });
    return world;
  }

  async stop(): Promise<void> {
    this.monitor.destroy();
    await this.proxy.dispose();
    await this.worker.dispose();
    await this.upstream.stop();
    await this.redis.stop();
  }

  /** One request; what it was answered is kept. */
  async ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<string> {
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const type: Record<string, string> = payload === undefined ? {} : { 'content-type': 'application/json' };
    const at = path.startsWith('http') ? path : this.proxy.url + path;
    const response = await fetch(at, { method, headers: { ...type, ...headers }, body: payload ?? null });
    const text = await response.text();
    const head = `${response.status} ${JSON.stringify([...response.headers])}`;
    this.answers.push({ asked: `${method} ${path.split('?')[0] ?? ''}`, text: `${head}\n${text}` });
    return text;
  }

  admin(method: string, path: string, body?: unknown): Promise<string> {
    return this.ask(method, path, { authorization: `Bearer ${SECRETS['admin token']}` }, body);
  }

  /** Makes a client key; the one answer that shows it is not kept. */
  async clientKey(name: string): Promise<string> {
    const { id, key } = JSON.parse(await this.admin('POST', '/admin/keys', { name })) as {
      id: string;
      key: string;
    };
    this.answers.pop();
    SECRETS[name] = key;
    return id;
  }

  /** Of the live stream, which begins with the whole state. */
  async firstEvent(): Promise<string> {
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${SECRETS['admin token']}` };
    const answer = await fetch(`${this.proxy.url}/admin/events`, { headers, signal: gone.signal });
    let text = `${answer.status} ${JSON.stringify([...answer.headers])}\n`;
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (/^data: .*\n\n/ms.test(text)) break;
    }
    gone.abort();
    expect(text).toContain('"resources"');
    return text;
  }

  unknownKey(name: string): string {
    return (SECRETS[name] ??= newClientKey());
  }

  /** Every row of every table, bytes as bytes. */
  async tables(): Promise<Map<string, Buffer[]>> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    const dump = new Map<string, Buffer[]>();
    const { rows } = await client.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    for (const { name } of rows) {
      const all = await client.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
      const pieces = all.rows.flatMap((row) => [
        ...Object.values(row).filter((value) => Buffer.isBuffer(value)),
        Buffer.from(JSON.stringify(row)),
      ]);
      dump.set(name, pieces);
    }
    await client.end();
    return dump;
  }
}

/** A database whose owner has this password. */
async function databaseOf(password: string): Promise<string> {
  const admin = await (await postgres()).createDatabase();
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  await client.query(`CREATE ROLE canary LOGIN PASSWORD '${password}'`);
  await client.query('GRANT ALL ON SCHEMA public TO canary');
  await client.end();
  const url = new URL(admin);
  url.username = 'canary';
  url.password = password;
  return url.href;
}
