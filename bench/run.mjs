// CPU time per request of the proxy as shipped, in multiples of a bare pipe. See README.md.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NODE_FLAGS as FLAGS } from '../script/steps.mjs';
import { answering, canPin, cpuSeconds, freePort, rssMb, start, stopAll } from './processes.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    scale: { type: 'string', default: '1' },
    streams: { type: 'string', default: '1000' },
    before: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(`CPU time per request of the proxy as shipped, in multiples of a bare pipe. Build first.

  --rounds <n>     rounds per scenario and contender (7); the lower quartile counts
  --scale <x>      share of the requests of a round to send (1)
  --streams <n>    open streams of the memory scenario (1000); 0 leaves it out
  --before <file>  dist/cli/main.js of another build, measured in the same rounds
  --help`);
  process.exit(0);
}
const ROUNDS = Number(values.rounds);
const SCALE = Number(values.scale);
const here = import.meta.dirname;

const SCENARIOS = [
  { name: 'JSON 2 KB, 1 connection', concurrency: 1, total: 2_500, stream: false },
  { name: 'JSON 2 KB, 32 connections', concurrency: 32, total: 6_000, stream: false },
  { name: 'SSE 200 events, 32 connections', concurrency: 32, total: 1_500, stream: true },
];

const progress = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

function startProxy(main, port, upstreamUrl, dataDir) {
  return start(main, {
    core: 0,
    flags: FLAGS,
    args: ['serve'],
    cwd: dataDir,
    env: {
      PORT: String(port),
      PROXY_DATA_DIR: dataDir,
      PROXY_UPSTREAM_BASE_URL: upstreamUrl,
      OPENAI_API_KEYS: 'sk-bench-1,sk-bench-2,sk-bench-3,sk-bench-4',
      PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '3600',
      HOME: dataDir,
    },
  });
}

async function contenders(upstreamUrl, dataDir) {
  const barePort = await freePort();
  const bare = start(join(here, 'bare-pipe.mjs'), {
    core: 0,
    flags: FLAGS,
    env: { PORT: String(barePort), UPSTREAM: upstreamUrl },
  });
  await answering(`http://127.0.0.1:${barePort}/`);
  const list = [{ name: 'bare pipe', pid: bare.pid, url: `http://127.0.0.1:${barePort}` }];
  const builds = [['responses-proxy', resolve(here, '../dist/cli/main.js')]];
  if (values.before !== undefined) builds.push(['before', resolve(values.before)]);
  for (const [name, main] of builds) {
    const port = await freePort();
    const home = join(dataDir, name);
    mkdirSync(home);
    const { pid } = startProxy(main, port, upstreamUrl, home);
    list.push({ name, pid, url: `http://127.0.0.1:${port}`, drains: true });
    await answering(`http://127.0.0.1:${port}/healthz`);
  }
  return list;
}

/** Waits until the records of a round are in SQL: their cost belongs to it. */
async function drained(contender) {
  if (!contender.drains) return;
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const state = await (await fetch(`${contender.url}/admin/state`)).json();
    if (state.queue_depth === 0) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  console.warn('records were not drained within 60 s; their cost is only partly counted');
}

async function ask(load, scenario) {
  load.send(scenario);
  for (;;) {
    const [message] = await once(load, 'message');
    if (message.result) return message.result;
  }
}

async function round(load, contender, scenario) {
  const before = cpuSeconds(contender.pid);
  const result = await ask(load, { ...scenario, url: contender.url });
  const served = cpuSeconds(contender.pid);
  await drained(contender);
  const micro = (seconds) => (seconds / Math.max(1, result.completed)) * 1e6;
  return { ...result, served: micro(served - before), all: micro(cpuSeconds(contender.pid) - before) };
}

const quartile = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 4)];

async function measure(load, list, scenario) {
  const sized = { ...scenario, total: Math.round(scenario.total * SCALE) };
  const rounds = new Map(list.map((c) => [c.name, []]));
  progress(`${scenario.name}: warming up`);
  for (const contender of list) await round(load, contender, { ...sized, total: Math.ceil(sized.total / 2) });
  for (let r = 0; r < ROUNDS; r += 1) {
    progress(`${scenario.name}: round ${r + 1} of ${ROUNDS}`);
    for (const contender of r % 2 ? [...list].reverse() : list) {
      rounds.get(contender.name).push(await round(load, contender, sized));
    }
  }
  return [...rounds].map(([name, all]) => ({
    scenario: scenario.name,
    contender: name,
    cpu_us: quartile(all.map((r) => r.served)),
    cpu_with_records_us: quartile(all.map((r) => r.all)),
    p50_ms: quartile(all.map((r) => r.p50)),
    p99_ms: quartile(all.map((r) => r.p99)),
    errors: all.reduce((sum, r) => sum + Object.values(r.errors).reduce((a, b) => a + b, 0), 0),
  }));
}

/** Resident memory that N open, slowly moving streams add. */
async function openStreams(load, contender, total) {
  const idle = rssMb(contender.pid);
  load.send({
    url: contender.url,
    total,
    concurrency: total,
    stream: true,
    paced: { interval: 500, seconds: 10 },
  });
  let most = idle;
  const sampling = setInterval(() => (most = Math.max(most, rssMb(contender.pid))), 250);
  for (;;) {
    const [message] = await once(load, 'message');
    if (!message.result) continue;
    clearInterval(sampling);
    const errors = Object.values(message.result.errors).reduce((a, b) => a + b, 0);
    return { contender: contender.name, streams: total, idle_mb: idle, added_mb: most - idle, errors };
  }
}

function show(results, streams) {
  const rows = SCENARIOS.flatMap(({ name }) => {
    const [bare, ...others] = results.filter((r) => r.scenario === name);
    return others.map((proxy) => ({
      scenario: name,
      contender: proxy.contender,
      'bare µs': bare.cpu_us.toFixed(0),
      µs: proxy.cpu_us.toFixed(0),
      ratio: (proxy.cpu_us / bare.cpu_us).toFixed(2),
      'with records µs': proxy.cpu_with_records_us.toFixed(0),
      'ratio with records': (proxy.cpu_with_records_us / bare.cpu_us).toFixed(2),
      'p50 bare/proxy ms': `${bare.p50_ms.toFixed(2)} / ${proxy.p50_ms.toFixed(2)}`,
      errors: bare.errors + proxy.errors,
    }));
  });
  console.table(rows);
  if (streams.length === 0) return;
  console.table(
    streams.map((s) => ({ ...s, idle_mb: s.idle_mb.toFixed(0), added_mb: s.added_mb.toFixed(0) })),
  );
}

const dataDir = mkdtempSync(join(tmpdir(), 'rpx-bench-'));
try {
  const upstreamPort = await freePort();
  const upstream = start(join(here, 'load-upstream.mjs'), {
    core: 1,
    ipc: true,
    env: { PORT: String(upstreamPort) },
  });
  await once(upstream, 'message');
  const load = start(join(here, 'load.mjs'), { core: 1, ipc: true });
  progress('starting');
  const list = await contenders(`http://127.0.0.1:${upstreamPort}/v1`, dataDir);
  const results = [];
  for (const scenario of SCENARIOS) results.push(...(await measure(load, list, scenario)));
  const streams = [];
  for (const contender of Number(values.streams) > 0 ? list : []) {
    progress(`${values.streams} open streams: ${contender.name}`);
    streams.push(await openStreams(load, contender, Number(values.streams)));
  }
  show(results, streams);
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, pinned: canPin };
  mkdirSync(join(here, 'results'), { recursive: true });
  const file = join(here, 'results', `${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ machine, rounds: ROUNDS, scale: SCALE, results, streams }, null, 2)}\n`,
  );
  console.log(`written to ${file}`);
} finally {
  await stopAll();
  rmSync(dataDir, { recursive: true, force: true });
}
