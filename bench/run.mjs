// What the proxy costs as shipped, next to others, in one interleaved run. See README.md.
import { mkdirSync, mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contenderNames, startContenders } from './contenders.mjs';
import { measure, warmUp } from './measure.mjs';
import { canPin, rssMb, stopAll } from './processes.mjs';
import { chosen } from './scenarios.mjs';
import { Traffic } from './traffic.mjs';
import { writeInto } from './markdown.mjs';
import { summaryOf } from './summaries.mjs';
import { show } from './tables.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
    contenders: { type: 'string', default: '' },
    store: { type: 'string', default: 'embedded' },
    before: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(`What the proxy costs as shipped, next to others. Build first.

  --rounds <n>        rounds per scenario and contender (5); the lower quartile counts
  --scale <x>         share of the requests of a round to send (1)
  --only <part>       scenarios whose name contains it; may be given more than once
  --contenders <a,b>  contenders whose names contain one of these
  --store <a,b>       embedded (SQLite, the default), redis-postgres (with a worker), or both
  --before <file>     dist/cli/main.js of another build, measured in the same rounds
  --write <file>      put the tables into its block, as docs/benchmarks.md has one
  --help`);
  process.exit(0);
}

const list = (text) => text.split(',').filter(Boolean);
const left = new Set();
const tell = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
function leaveOut(text) {
  left.add(text);
  tell(text);
}

/** All scenarios of a group, against the same processes. */
async function measureGroup(scenarios, names) {
  const directory = mkdtempSync(join(tmpdir(), 'rpx-bench-'));
  chmodSync(directory, 0o755); // Postgres runs as somebody else
  try {
    const traffic = new Traffic(directory);
    const upstream = await traffic.startUpstream(scenarios[0].sockets);
    tell('starting');
    const world = { upstream, directory, before: values.before };
    const contenders = await startContenders(names, world, leaveOut);
    tell('warming up');
    await warmUp(traffic, contenders, scenarios[0]);
    const processes = contenders.filter(({ pid }) => pid !== null);
    const idle = new Map(processes.map(({ name, pid }) => [name, rssMb(pid)]));
    const results = [];
    for (const scenario of scenarios)
      results.push(...(await measure(traffic, contenders, scenario, { ...sizes, tell })));
    await new Promise((done) => setTimeout(done, 5_000));
    const memory = processes.map(({ name, pid }) => ({
      group: scenarios[0].group,
      contender: name,
      before_mb: idle.get(name),
      after_mb: rssMb(pid),
    }));
    return { results, memory, generator: scenarios[0].sockets ? 'Node' : traffic.generator };
  } finally {
    await stopAll();
    rmSync(directory, { recursive: true, force: true });
  }
}

const sizes = { rounds: Number(values.rounds), scale: Number(values.scale) };
const scenarios = chosen(values.only);
const names = contenderNames({
  only: list(values.contenders),
  store: list(values.store),
  before: values.before,
});
const load = [loadavg()[0]];
const groups = [];
for (const name of new Set(scenarios.map(({ group }) => group)))
  groups.push(
    await measureGroup(
      scenarios.filter(({ group }) => group === name),
      names,
    ),
  );
load.push(loadavg()[0]);

const found = {
  at: new Date().toISOString(),
  machine: { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, pinned: canPin, load },
  ...sizes,
  left_out: [...left],
  generators: [...new Set(groups.map(({ generator }) => generator))],
  results: groups.flatMap(({ results }) => results),
  memory: groups.flatMap(({ memory }) => memory),
};
show(found);
const folder = join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
for (const [kind, content] of Object.entries({ json: found, 'summary.json': summaryOf(found) })) {
  const file = join(folder, `${found.at.replaceAll(':', '-')}.${kind}`);
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  console.log(`written to ${file}`);
}
if (values.write !== undefined) await writeInto(values.write, found);
