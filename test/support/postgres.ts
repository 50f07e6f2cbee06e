import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { leaksBelow } from './leaks.js';
import { PostgresServer } from './postgres-server.js';
import { SecretSearch } from './secret-search.js';
import { told } from './told-secrets.js';

export interface TestPostgres {
  /** `postgres://…` of a fresh, empty database. */
  createDatabase(name?: string): Promise<string>;
  readonly port: number;
  readonly server: PostgresServer;
  /** Stops the server and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

const USER = 'proxy';
const PASSWORD = 'test-password';

let started: Promise<TestPostgres> | null = null;

/** A real Postgres for this test process: started by the first caller, shared by the others. */
export function postgres(): Promise<TestPostgres> {
  started ??= start();
  return started;
}

/** For `afterAll` of every file that called `postgres()`. */
export async function stopPostgres(): Promise<void> {
  const running = started;
  started = null;
  await (await running?.catch(() => null))?.stop();
}

async function start(): Promise<TestPostgres> {
  // A directory right below the temporary one, not a private one: as root the server runs as another user.
  const root = join(tmpdir(), `rpx-pg-${randomBytes(6).toString('hex')}`);
  mkdirSync(root);
  chmodSync(root, 0o755);
  const port = await freePort();
  const server = new PostgresServer({ root, port, user: USER, password: PASSWORD });
  const stop = async (): Promise<void> => {
    await server.stop();
    const leaks = leaksBelow(new SecretSearch(told.all()), join(root, 'data'));
    rmSync(root, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`Postgres was told a secret:\n${leaks.join('\n')}`);
  };
  try {
    server.initialise();
    await server.start();
  } catch (e: unknown) {
    await stop().catch(() => undefined);
    throw e;
  }
  let count = 0;
  return {
    port,
    server,
    stop,
    async createDatabase(name = `t${++count}_${randomBytes(4).toString('hex')}`) {
      const client = new pg.Client({ connectionString: urlOf(port, 'postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return urlOf(port, name);
    },
  };
}

function urlOf(port: number, database: string): string {
  return `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
