// What is measured against each other. Each starter hands back { name, port, pid, … } or throws a `LeftOut`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NODE_FLAGS } from '../script/steps.mjs';
import { CONTENDER, answering, freePort, listening, start } from './processes.mjs';
import { startStores } from './stores.mjs';

const here = import.meta.dirname;
const GATEWAY = join(here, 'contenders/node_modules/@portkey-ai/gateway/build/start-server.js');

/** A contender that this machine does not have; the message is told and the run goes on. */
export class LeftOut extends Error {}

const pinned = { core: CONTENDER };

async function barePipe(name, upstream, flags) {
  const port = await freePort();
  const env = { PORT: String(port), UPSTREAM: `http://127.0.0.1:${upstream.port}/v1` };
  const { pid } = start(process.execPath, [...flags, join(here, 'bare-pipe.mjs')], { ...pinned, env });
  await listening(port, name);
  return { name, port, pid };
}

const nginxConfiguration = (port, upstreamPort, user) => `
daemon off; ${user} worker_processes 1; pid nginx.pid; error_log error.log crit;
events { worker_connections 16384; }
http {
  access_log off; client_body_temp_path body; proxy_temp_path proxy; client_max_body_size 64m;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;
  upstream up { server 127.0.0.1:${upstreamPort}; keepalive 4096; keepalive_requests 100000000; keepalive_timeout 600s; }
  map $http_upgrade $hop { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Authorization "Bearer sk-bench";
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $hop;
      proxy_buffering off; proxy_request_buffering off;
    }
  }
}`;

async function nginx({ upstream, directory }) {
  if (spawnSync('nginx', ['-v']).status !== 0) throw new LeftOut('nginx is not installed');
  const port = await freePort();
  const user = process.getuid() === 0 ? 'user root;' : '';
  writeFileSync(join(directory, 'nginx.conf'), nginxConfiguration(port, upstream.port, user));
  const args = ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')];
  const { pid } = start('nginx', args, pinned);
  await listening(port, 'nginx');
  return { name: 'nginx', port, pid, sockets: true };
}

function installGateway() {
  if (existsSync(GATEWAY)) return;
  const options = ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'];
  const done = spawnSync('npm', options, { cwd: join(here, 'contenders'), encoding: 'utf8' });
  if (done.status !== 0) throw new LeftOut('npm ci in bench/contenders failed');
}

async function portkey({ upstream }) {
  installGateway();
  const port = await freePort();
  const env = { NODE_ENV: 'production', PORT: String(port) };
  const { pid } = start(process.execPath, [GATEWAY, `--port=${port}`, '--headless'], { ...pinned, env });
  await listening(port, 'the Portkey gateway');
  const headers = {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1`,
  };
  // A tenth of the requests: it takes ten to twenty times as long for each.
  return { name: 'portkey', port, pid, headers, effort: 0.1 };
}

/** The proxy as its start script starts it. `stores`: Redis and Postgres, with a worker of its own. */
async function proxy(name, main, { upstream, directory, env = {} }, stores = null) {
  const [port, workerPort] = [await freePort(), await freePort()];
  const home = join(directory, name.replaceAll(/\W+/g, '-'));
  mkdirSync(home, { recursive: true });
  const shared = { HOME: home, PROXY_DATA_DIR: home, ...stores?.env };
  const serving = {
    ...shared,
    PORT: String(port),
    PROXY_UPSTREAM_BASE_URL: `http://127.0.0.1:${upstream.port}/v1`,
    OPENAI_API_KEYS: 'sk-bench-1,sk-bench-2,sk-bench-3,sk-bench-4',
    PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '3600',
    ...env,
  };
  const child = start(process.execPath, [...NODE_FLAGS, main, 'serve'], {
    ...pinned,
    cwd: home,
    env: serving,
  });
  await answering(`http://127.0.0.1:${port}/healthz`);
  const contender = { name, port, pid: child.pid, child, product: true, sockets: true };
  if (stores === null) return contender;
  const working = { ...shared, PROXY_WORKER_PORT: String(workerPort) };
  const worker = start(process.execPath, [...NODE_FLAGS, main, 'worker'], { cwd: home, env: working });
  await listening(workerPort, 'the worker');
  return { ...contender, worker: worker.pid, services: stores.pids };
}

const SHIPPED = resolve(here, '../dist/cli/main.js');

const STARTERS = {
  direct: async ({ upstream }) => ({ name: 'direct', port: upstream.port, pid: null, sockets: true }),
  nginx,
  'bare pipe': ({ upstream }) => barePipe('bare pipe', upstream, NODE_FLAGS),
  'bare pipe, default flags': ({ upstream }) => barePipe('bare pipe, default flags', upstream, []),
  'responses-proxy': (world) => proxy('responses-proxy', SHIPPED, world),
  'responses-proxy, Redis + Postgres': async (world) =>
    proxy('responses-proxy, Redis + Postgres', SHIPPED, world, await startStores(world.directory, LeftOut)),
  before: (world) => proxy('before', resolve(world.before), world),
  portkey,
};

/** `world.name`: of one of several that differ in `world.env`. */
export const startProduct = (world) => proxy(world.name ?? 'responses-proxy', SHIPPED, world);

/** Names that are to be measured, in the order of a round. */
export function contenderNames({ only, store, before }) {
  const all = Object.keys(STARTERS).filter((name) => {
    if (name === 'before') return before !== undefined;
    if (name === 'responses-proxy') return store.includes('embedded');
    if (name.endsWith('Postgres')) return store.includes('redis-postgres');
    return true;
  });
  return only.length === 0 ? all : all.filter((name) => only.some((part) => name.includes(part)));
}

/** Starts them all; `tell` hears which are left out. */
export async function startContenders(names, world, tell) {
  const running = [];
  for (const name of names) {
    try {
      running.push(await STARTERS[name](world));
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      tell(`${name} is left out: ${error.message}`);
    }
  }
  return running;
}
