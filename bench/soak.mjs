// `node bench/soak.mjs --minutes 30 --rate 200`: a steady load on the proxy as shipped. Memory, latency and CPU per
// request every ten seconds, and at the end whether they have a slope.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProduct } from './contenders.mjs';
import { slopeOf } from './least-squares.mjs';
import { cpuSeconds, rssMb, stopAll } from './processes.mjs';
import { Traffic } from './traffic.mjs';

const SLICE_S = 10;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '200' },
    // Heaps and the bounded lists fill first: what comes before says nothing about a slope.
    'warm-up': { type: 'string', default: '3' },
  },
});
const [minutes, rate, warmUp] = [values.minutes, values.rate, values['warm-up']].map(Number);

async function slice(traffic, { port, pid }, sinceMs) {
  const before = cpuSeconds(pid);
  const scenario = {
    mode: 'json',
    bytes: 2_000,
    conc: 1_000,
    rate,
    total: Math.round(rate * SLICE_S),
    sessions: 5_000,
  };
  const { completed, failed, latency } = await traffic.send(scenario, port);
  return {
    minute: (performance.now() - sinceMs) / 60_000,
    rss_mb: rssMb(pid),
    p50_ms: latency.p50,
    p99_ms: latency.p99,
    cpu_us: ((cpuSeconds(pid) - before) / Math.max(1, completed)) * 1e6,
    completed,
    failed,
  };
}

/** What one figure did over the hours after the warm-up. */
function course(samples, figure) {
  const points = samples.filter(({ minute }) => minute > warmUp).map((s) => [s.minute / 60, s[figure]]);
  const sorted = points.map(([, y]) => y).toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? NaN, ...slopeOf(points) };
}

const told = (name, unit, { median, slope, error }) =>
  `${name} ${median.toFixed(1)} ${unit}, ${slope >= 0 ? '+' : ''}${slope.toFixed(1)} ± ${(2 * error).toFixed(1)} an hour`;

const directory = mkdtempSync(join(tmpdir(), 'rpx-soak-'));
try {
  const traffic = new Traffic(directory);
  const upstream = await traffic.startUpstream();
  const product = await startProduct({ upstream, directory });
  const samples = [];
  const from = performance.now();
  while (performance.now() - from < minutes * 60_000) {
    const sample = await slice(traffic, product, from);
    samples.push(sample);
    if (samples.length % 6 === 0)
      process.stderr.write(
        `minute ${sample.minute.toFixed(0)}: ${sample.rss_mb.toFixed(0)} MB, p50 ${sample.p50_ms.toFixed(2)} ms, failed ${sample.failed}\n`,
      );
  }
  const total = (figure) => samples.reduce((sum, sample) => sum + sample[figure], 0);
  const [memory, p50, p99, cpu] = ['rss_mb', 'p50_ms', 'p99_ms', 'cpu_us'].map((figure) =>
    course(samples, figure),
  );
  const found = { at: new Date().toISOString(), minutes, rate, warm_up: warmUp, load: loadavg()[0], samples };
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `soak-${found.at.replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ ...found, memory, p50, p99, cpu }, null, 2)}\n`);
  console.log(
    `${minutes} minutes at ${rate}/s: ${total('completed')} answered, ${total('failed')} failed; ` +
      [
        told('memory', 'MB', memory),
        told('p50', 'ms', p50),
        told('p99', 'ms', p99),
        told('CPU per request', 'µs', cpu),
      ].join('; ') +
      ` (± two standard errors, the first ${warmUp} minutes left out)`,
  );
  console.log(`written to ${file}`);
} finally {
  await stopAll();
  rmSync(directory, { recursive: true, force: true });
}
