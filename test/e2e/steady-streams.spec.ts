import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../support/backend.js';
import { freePort } from '../support/free-port.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { demand, note, size } from '../support/release.js';
import { until } from '../support/until.js';

const SCRIPT = resolve('test/support/paced-streams.mjs');
const STREAMS = size(100, 1_000);
const SECONDS = size(3, 30);
/** In turns: upstream and clients have the same two cores, and a stall of theirs is in every delay. */
const ROUNDS = size(1, 3);
/** Short ones that each contender serves first: code that V8 has not compiled yet costs two to three times as much. */
const WARMING_STREAMS = size(20, 2_000);
/** Those of the start script and the image, for both. */
const NODE_FLAGS = ['--initial-old-space-size=256'];

interface Measured {
  readonly failed: number;
  readonly events: number;
  readonly p50: number;
  readonly p99: number;
}

let upstream: ChildProcess;
let pipe: ChildProcess;
let proxy: ProxyProcess;
let backend: Backend;
let pipeUrl: string;

beforeAll(async () => {
  upstream = fork(SCRIPT, ['upstream']);
  const [{ port }] = (await once(upstream, 'message')) as [{ port: number }];
  const url = `http://127.0.0.1:${port}/v1`;
  const pipePort = await freePort();
  pipe = spawn(process.execPath, [...NODE_FLAGS, 'bench/bare-pipe.mjs'], {
    env: { PATH: process.env['PATH'], PORT: String(pipePort), UPSTREAM: url },
    stdio: 'ignore',
  });
  pipeUrl = `http://127.0.0.1:${pipePort}`;
  await until(() => fetch(`${pipeUrl}/v1/models`), Boolean, { what: 'the bare pipe' });
  backend = await Backend.start();
  proxy = await ProxyProcess.start({
    upstream: url,
    keys: ['sk-1', 'sk-2', 'sk-3', 'sk-4'],
    nodeFlags: NODE_FLAGS,
    env: backend.env,
  });
});
afterAll(async () => {
  await proxy.dispose();
  await backend.stop();
  for (const child of [pipe, upstream]) {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }
});

async function measure(
  url: string,
  streams: number,
  interval: number,
  seconds: number,
  watch?: () => void,
): Promise<Measured> {
  const events = (seconds * 1_000) / interval;
  const child = fork(SCRIPT, ['clients', url, ...[streams, interval, events].map(String)]);
  const watching = setInterval(() => watch?.(), 500);
  const [seen] = (await once(child, 'message')) as [Measured];
  clearInterval(watching);
  if (child.exitCode === null) await once(child, 'exit');
  return seen;
}

/** Of several rounds the one the machine disturbed least; failures of all. */
function calmest(rounds: readonly Measured[]): Measured {
  const best = rounds.reduce((a, b) => (b.p99 < a.p99 ? b : a));
  return { ...best, failed: rounds.reduce((sum, { failed }) => sum + failed, 0) };
}

describe('many streams with ten events a second each', () => {
  it('all complete, and their events are hardly later than through a bare pipe', async () => {
    let rss = 0;
    for (const url of [pipeUrl, proxy.url]) {
      const warmed = await measure(url, WARMING_STREAMS, 100, 1);
      expect(warmed.failed).toBe(0);
    }
    const rounds: [Measured, Measured][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await measure(pipeUrl, STREAMS, 100, SECONDS);
      const seen = await measure(proxy.url, STREAMS, 100, SECONDS, () => {
        rss = Math.max(rss, proxy.rssMb());
      });
      rounds.push([bare, seen]);
    }
    const bare = calmest(rounds.map(([one]) => one));
    const seen = calmest(rounds.map(([, one]) => one));
    note('R15', 'streams', STREAMS);
    note('R15', 'short streams served before measuring', WARMING_STREAMS);
    note('R15', 'rounds in turns with the pipe, of which the calmest of each counts', ROUNDS);
    note('R15', 'events of one', seen.events);
    note('R15', 'delay of an event through a bare pipe, p50, ms', bare.p50);
    note('R15', 'delay of an event through a bare pipe, p99, ms', bare.p99);
    note('R15', 'delay of an event through the proxy, p99, ms', seen.p99);
    expect(bare.failed).toBe(0);
    demand('R15', 'failures', seen.failed, { exactly: 0 });
    demand('R15', 'delay added to an event, p50, ms', seen.p50 - bare.p50, { atMost: size(50, 2) });
    demand('R15', 'resident memory, MB', rss, { atMost: 400 });
    demand('R15', 'p99 in multiples of a bare pipe', seen.p99 / bare.p99, { atMost: size(50, 1.5) });
  }, 300_000);

  it('twice as many with one event a second all complete', async () => {
    const seen = await measure(proxy.url, 2 * STREAMS, 1_000, SECONDS);
    demand('R15', `${2 * STREAMS} × 1 event/s: failures`, seen.failed, { exactly: 0 });
  }, 300_000);
});
