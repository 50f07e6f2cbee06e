// Interleaved rounds of one scenario: who is first changes with each, the lower quartile of each figure counts.
import { cpuSeconds, rssMb } from './processes.mjs';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const total = (pids) => (pids ?? []).reduce((sum, pid) => sum + cpuSeconds(pid), 0);

/** Waits until the records of a round are in SQL: their cost belongs to it. */
async function drained(contender) {
  if (!contender.product) return;
  const deadline = performance.now() + 60_000;
  let polls = 0; // few: each costs what many resources cost to be told
  while (performance.now() < deadline) {
    await pause(polls++ === 0 ? 300 : 1_000);
    const state = await (await fetch(`http://127.0.0.1:${contender.port}/admin/state`)).json();
    if (state.queue_depth === 0) return;
  }
  process.stderr.write('records were not drained within 60 s; their cost is only partly counted\n');
}

/** Highest resident memory of the tree while `work` runs. */
async function watchingMemory(pid, work) {
  let most = rssMb(pid);
  const sampling = setInterval(() => (most = Math.max(most, rssMb(pid))), 250);
  try {
    return { result: await work(), most };
  } finally {
    clearInterval(sampling);
  }
}

function used({ pid, worker, services }) {
  return {
    own: pid === null ? 0 : cpuSeconds(pid),
    worker: total(worker && [worker]),
    services: total(services),
  };
}

/** One run. `scale` of the requests; a clock-driven one keeps its rate. */
async function run(traffic, contender, scenario, scale) {
  const whole = Math.round(scenario.total * scale * (scenario.paced?.interval ? 1 : (contender.effort ?? 1)));
  const sized = {
    ...scenario,
    ...contender.scenario,
    total: Math.max(whole, Math.min(scenario.total, scenario.conc, 32)),
  };
  const send = () => traffic.send(sized, contender.port, contender.headers);
  const before = used(contender);
  const idle = contender.pid === null ? null : rssMb(contender.pid);
  const { result, most } =
    scenario.paced && contender.pid !== null
      ? await watchingMemory(contender.pid, send)
      : { result: await send(), most: idle };
  const served = used(contender);
  await drained(contender);
  const after = used(contender);
  const per = (seconds) => (contender.pid === null ? null : (seconds / Math.max(1, result.completed)) * 1e6);
  return {
    completed: result.completed,
    failed: result.failed,
    errors: result.errors,
    cpu_us: per(after.own - before.own),
    cpu_serving_us: per(served.own - before.own),
    worker_us: contender.worker ? per(after.worker - before.worker) : null,
    services_us: contender.services ? per(after.services - before.services) : null,
    cpu_per_event_us: scenario.paced
      ? per(after.own - before.own) * (result.completed / Math.max(1, result.event_delay.n))
      : null,
    latency: result.latency,
    first_byte: result.first_byte,
    event_delay: scenario.paced ? result.event_delay : null,
    rss_added_mb: scenario.paced?.interval && idle !== null ? most - idle : null,
    generator_share: result.generator_share,
  };
}

const WARM_UP = {
  main: { name: 'warming up', mode: 'json', bytes: 2_000, conc: 32, total: 4_000 },
  streams: { name: 'warming up', mode: 'paced:1:200', stream: true, bytes: 2_000, conc: 8, total: 48 },
};

/** What V8 has not compiled yet costs two to three times as much: code is warm before anything is measured. */
export async function warmUp(traffic, contenders, scenario) {
  const warm = scenario.paced?.interval ? WARM_UP.streams : WARM_UP.main;
  for (const contender of scenario.sockets ? [] : contenders) await run(traffic, contender, warm, 1);
}

const quartile = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 4)];

/** One figure out of many rounds. Memory: of the first, which met fresh processes. */
function condensed(scenario, contender, rounds) {
  const of = (read) => {
    const values = rounds.map(read).filter((value) => value !== null && value !== undefined && value >= 0);
    return values.length === 0 ? null : quartile(values);
  };
  return {
    scenario: scenario.name,
    contender: contender.name,
    product: contender.product === true,
    rounds: rounds.length,
    completed: rounds.reduce((sum, r) => sum + r.completed, 0),
    failed: rounds.reduce((sum, r) => sum + r.failed, 0),
    ...Object.fromEntries(
      ['cpu_us', 'cpu_serving_us', 'worker_us', 'services_us', 'cpu_per_event_us'].map((name) => [
        name,
        of((r) => r[name]),
      ]),
    ),
    p50_ms: of((r) => r.latency.p50),
    p99_ms: of((r) => r.latency.p99),
    first_byte_p50_ms: of((r) => r.first_byte.p50),
    first_byte_p99_ms: of((r) => r.first_byte.p99),
    event_delay_p50_ms: of((r) => r.event_delay?.p50),
    event_delay_p99_ms: of((r) => r.event_delay?.p99),
    rss_per_stream_kb:
      rounds[0].rss_added_mb === null ? null : (rounds[0].rss_added_mb * 1024) / scenario.total,
    generator_share: of((r) => r.generator_share),
  };
}

export async function measure(traffic, contenders, scenario, { rounds, scale, tell }) {
  const able = contenders.filter(({ sockets }) => sockets || !scenario.sockets);
  const found = new Map(able.map((contender) => [contender, []]));
  const times = Math.min(rounds, scenario.most ?? rounds);
  tell(`${scenario.name}: warming up`);
  // Streams open all at once: a few do to warm up, and leave the memory as it is.
  const warm = scenario.paced?.interval ? { ...scenario, total: 20, most: 1 } : scenario;
  for (const contender of able) await run(traffic, contender, warm, scenario.paced?.interval ? 1 : scale / 2);
  for (let r = 0; r < times; r += 1) {
    tell(`${scenario.name}: round ${r + 1} of ${times}`);
    for (const contender of r % 2 ? able.toReversed() : able)
      found
        .get(contender)
        .push(await run(traffic, contender, scenario, scenario.paced?.interval ? 1 : scale));
  }
  return [...found].map(([contender, all]) => condensed(scenario, contender, all));
}
