// `npm run release-check`: the specs that prove continuity and those of security that have figures, one after the other at the sizes a release has to show, and
// their figures as one table. Long (about half an hour) and for a quiet machine: no part of `npm test` or `.ci/run`.
//   --only R10,R13     some of them; --only S is all whose names begin so
//   --write FILE       the table as Markdown, too
//   --backend=postgres the R rows, fleet, cache and WebSocket once more with Postgres, Redis and a worker for each proxy, where they
//                      otherwise have SQLite and state in process. What is for SQLite only has a line in the table that says so.
// RPX_FUZZ_SECONDS=600 gives each of the six parsers of S20 that long, instead of a number of inputs.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { availableParallelism, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, install, requireNode, ROOT, say, StepError } from './steps.mjs';
import { checkAdvisories } from './advisories.mjs';
import { ensureServices } from './test-services.mjs';

const DEMANDS = [
  ['fleet', ['fleet']],
  ['cache', ['prompt-cache']],
  ['WebSocket', ['websocket-relay']],
  ['R8', ['upstream-matrix', 'bad-upstream', 'black-hole', 'cut-streams', 'upstream-tls']],
  ['R9', ['bad-upstream']],
  ['R10', ['retries']],
  ['R11', ['one-bad-key']],
  ['R12', ['one-bad-key']],
  ['R13', ['disconnect', 'websocket-endings']],
  ['R14', ['backpressure']],
  ['R15', ['steady-streams', 'many-streams']],
  ['R16', ['drain']],
  ['R20', ['stepped-clock']],
  ['S1', ['canaries']],
  ['S2', ['paths']],
  ['S3', ['ssrf', 'rebinding']],
  ['S4', ['ssrf']],
  ['S5', ['headers']],
  ['S6', ['framing']],
  ['S7', ['doors']],
  ['S8', ['timing', 'admin-access']],
  ['S9', ['key-revocation']],
  ['S10', ['tenants', 'tenancy']],
  ['S11', ['stored-text', 'browser']],
  ['S12', ['browser']],
  ['S13', ['src/admin/csv']],
  ['S14', ['bombs']],
  ['S15', ['prototype']],
  ['S16', ['live-events']],
  ['S17', ['log-lines']],
  ['S18', ['rewrap', 'rewrap-replicas', 'src/registry/secret-cipher']],
  ['S19', ['supply', 'advisories']],
  ['S20', ['fuzz']],
];

const BACKENDS = { sqlite: 'SQLite, state in process', postgres: 'Postgres, Redis, a worker for each proxy' };

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    write: { type: 'string' },
    backend: { type: 'string', default: 'sqlite' },
  },
});
const wanted = values.only?.split(',');
const chosen = DEMANDS.filter(
  ([id]) => wanted === undefined || wanted.some((one) => one === id || (one === 'S' && /^S\d/.test(id))),
);
// Security is shown with SQLite; specs that need Postgres or Redis for it start their own.
const isForSqlite = ([id]) => /^S\d/.test(id);
const leftOut = values.backend === 'sqlite' ? [] : chosen.filter(isForSqlite);
const folder = mkdtempSync(join(tmpdir(), 'rpx-release-'));

try {
  requireNode();
  if (!Object.hasOwn(BACKENDS, values.backend))
    throw new StepError(`--backend is one of ${Object.keys(BACKENDS).join(', ')}, not ${values.backend}`);
  const services = await ensureServices();
  await install();
  await build();
  if (leftOut.length > 0) say(`*** SQLite only, not run: ${leftOut.map(([id]) => id).join(', ')} ***`);
  const specs = [...new Set(chosen.filter((one) => !leftOut.includes(one)).flatMap(([, files]) => files))];
  const passed = new Map();
  for (const spec of specs)
    passed.set(spec, spec === 'advisories' ? checkAdvisories(figuresFile(spec)) : await run(spec, services));
  const figures = specs.flatMap((spec) => figuresOf(spec));
  const table = tableOf(figures, passed);
  console.log(`\n${table}`);
  if (values.write) writeFileSync(values.write, document(table));
  process.exitCode = [...passed.values()].every(Boolean) && figures.every((f) => f.met) ? 0 : 1;
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A process of its own for each spec, so that none is measured beside another. */
function run(spec, services) {
  const args = ['run', '--maxWorkers=1', '--testTimeout=300000', ...fileOf(spec)];
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...services,
      RPX_RELEASE: '1',
      RPX_BACKEND: values.backend,
      RPX_FIGURES: figuresFile(spec),
    },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** A spec, or one of the benchmarks: those are no part of the ordinary suite. */
function fileOf(spec) {
  const own = `bench/${spec}.bench-run.ts`;
  if (existsSync(join(ROOT, own))) return ['--config', 'bench/vitest.config.ts', own];
  if (spec.startsWith('src/')) return [`${spec}.spec.ts`];
  const folders = ['test/e2e', 'test/security'];
  return folders.map((path) => `${path}/${spec}.spec.ts`).filter((path) => existsSync(join(ROOT, path)));
}

function figuresFile(spec) {
  return join(folder, spec.replaceAll('/', '-'));
}

function figuresOf(spec) {
  const file = figuresFile(spec);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { id, what, value, limit } = JSON.parse(line);
      return { id, what, value, limit: textOf(limit), met: isMet(value, limit) };
    });
}

function textOf(limit) {
  if (limit === null) return '';
  if ('exactly' in limit) return `= ${limit.exactly}`;
  return 'atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`;
}

function isMet(value, limit) {
  if (limit === null) return true;
  if ('exactly' in limit) return value === limit.exactly;
  return 'atMost' in limit ? value <= limit.atMost : value >= limit.atLeast;
}

function tableOf(figures, passed) {
  const rows = chosen.flatMap((demand) => {
    const [id, specs] = /** @type {[string, string[]]} */ (demand);
    if (leftOut.includes(demand)) return [[`**${id}**`, specs.join(', '), '', '', 'SQLite only']];
    const own = figures.filter((f) => f.id === id);
    const green = specs.every((spec) => passed.get(spec)) && own.every((f) => f.met);
    const lines = own.map((f) => ['', f.what, String(f.value), f.limit, f.met ? '' : '**missed**']);
    return [[`**${id}**`, specs.join(', '), '', '', green ? 'pass' : '**fail**'], ...lines];
  });
  const all = [['', 'Figure', 'Seen', 'Demanded', ''], ...rows];
  const widths = all[0].map((_, i) => Math.max(3, ...all.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(all[0]), line(widths.map((n) => '-'.repeat(n))), ...all.slice(1).map(line)].join('\n');
}

function document(table) {
  const memory = Math.round(totalmem() / 2 ** 30);
  const machine = `${availableParallelism()} cores, ${memory} GB, Node ${process.versions.node}`;
  return `# Release figures

What \`npm run release-check\` showed on ${new Date().toISOString().slice(0, 10)} (${machine}; upstream, clients and proxy on the same machine; ${BACKENDS[values.backend]}). The demands are those of the specs named; how they come about is in \`test/e2e\` and \`test/security\`.

${table}
`;
}
