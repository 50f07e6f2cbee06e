// Redis and Postgres for a run: the servers installed on the machine, with their own settings but for where they listen.
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, listening, start, until } from './processes.mjs';

/** Postgres refuses to run as root; this account exists everywhere. */
const NOBODY = 65_534;
const DEBIAN = '/usr/lib/postgresql';

function postgresBinaries() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : [];
  return versions
    .map((version) => join(DEBIAN, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'postgres')));
}

async function postgres(directory, bin) {
  const port = await freePort();
  const data = join(directory, 'postgres');
  const uid = process.getuid() === 0 ? NOBODY : undefined;
  mkdirSync(data, { mode: 0o700 });
  if (uid !== undefined) chownSync(data, uid, uid);
  const made = ['-D', data, '-U', 'bench', '--auth=trust', '-E', 'UTF8', '--no-sync'];
  const done = spawnSync(join(bin, 'initdb'), made, { cwd: data, uid, gid: uid, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`initdb: ${done.stderr}`);
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    '-c',
    'unix_socket_directories=',
    '-c',
    'log_min_messages=fatal',
  ];
  const { pid } = start(join(bin, 'postgres'), args, { cwd: data, uid });
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  await until(() => connects(url), 'Postgres answers');
  return { pid, url };
}

async function connects(connectionString) {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  const answered = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => undefined);
  return answered;
}

async function redis(directory) {
  const port = await freePort();
  const { pid } = start('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory]);
  await listening(port, 'Redis');
  return { pid, url: `redis://127.0.0.1:${port}` };
}

export async function startStores(directory, LeftOut) {
  const bin = postgresBinaries();
  if (bin === undefined) throw new LeftOut("Debian's Postgres is not installed");
  if (spawnSync('redis-server', ['--version']).status !== 0)
    throw new LeftOut('redis-server is not installed');
  const [sql, live] = [await postgres(directory, bin), await redis(directory)];
  return {
    pids: [sql.pid, live.pid],
    env: { PROXY_DATABASE_URL: sql.url, PROXY_REDIS_URL: live.url },
  };
}
