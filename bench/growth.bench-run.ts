import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sqlite3 from 'sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { databaseService } from '../test/support/database.js';
import { ManyRequests } from '../test/support/many-requests.js';

interface Contender {
  name: string;
  readonly port: number;
  readonly pid: number;
  readonly child: object;
  /** What is sent to this one only. */
  readonly scenario?: object;
}
interface Options {
  readonly rounds: number;
  readonly scale: number;
  readonly tell: (text: string) => void;
}
interface Result {
  readonly contender: string;
  readonly cpu_us: number;
  readonly cpu_serving_us: number;
  readonly p50_ms: number;
  readonly failed: number;
}
interface World {
  readonly upstream: object;
  readonly directory: string;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Traffic {
  startUpstream(): Promise<object>;
}

const load = async <T>(file: string): Promise<T> => (await import(resolve('bench', file))) as T;
const contenders = await load<{ startProduct: (world: World) => Promise<Contender> }>('contenders.mjs');
const measuring = await load<{
  measure: (traffic: Traffic, list: Contender[], scenario: object, options: Options) => Promise<Result[]>;
}>('measure.mjs');
const processes = await load<{
  rssMb: (pid: number) => number;
  stop: (children: object[]) => Promise<void>;
  stopAll: () => Promise<void>;
}>('processes.mjs');
const { Traffic: TrafficClass } = await load<{ Traffic: new (directory: string) => Traffic }>('traffic.mjs');

const ROUNDS = Number(process.env['RPX_GROWTH_ROUNDS'] ?? 5);
/** Rows of the long history; ten million take a quarter of an hour to write. */
const ROWS = Number(process.env['RPX_GROWTH_ROWS'] ?? 1_000_000);
const SESSIONS = Number(process.env['RPX_GROWTH_SESSIONS'] ?? 1_000_000);
const TOTAL = Number(process.env['RPX_GROWTH_REQUESTS'] ?? 4_000);

/** `npx vitest run --config bench/vitest.config.ts bench/growth.bench-run.ts`: what a request costs with more of everything. */
describe('CPU per request', () => {
  const found: object[] = [];
  let directory: string;
  let traffic: Traffic;
  let upstream: object;

  beforeAll(() => mkdirSync('bench/results', { recursive: true }));
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rpx-growth-'));
    traffic = new TrafficClass(directory);
    upstream = await traffic.startUpstream();
  });
  afterEach(async () => {
    await processes.stopAll();
    rmSync(directory, { recursive: true, force: true });
  });
  afterAll(() => {
    const at = new Date().toISOString();
    const file = `bench/results/growth-${at.replaceAll(':', '-')}.json`;
    writeFileSync(file, `${JSON.stringify({ at, load: loadavg()[0], rounds: ROUNDS, found }, null, 2)}\n`);
    console.log(`written to ${file}`);
  });

  const product = (name: string, env: Readonly<Record<string, string>> = {}): Promise<Contender> =>
    contenders.startProduct({ upstream, directory, name, env });

  /** Interleaved; the first of them is what the others are compared with. */
  async function compare(what: string, list: Contender[], scenario: object = {}): Promise<void> {
    const json = {
      name: what,
      mode: 'json',
      bytes: 2_000,
      conc: 32,
      total: TOTAL,
      sessions: 200,
      ...scenario,
    };
    const tell = (text: string): void => void process.stderr.write(`${text}\n`);
    // Twice: the first brings the code to its final speed.
    await measuring.measure(traffic, list, json, { rounds: 1, scale: 1, tell: () => undefined });
    const results = await measuring.measure(traffic, list, json, { rounds: ROUNDS, scale: 1, tell });
    const rows = results.map((r, i) => ({
      with: r.contender,
      'CPU µs': r.cpu_us.toFixed(0),
      'while serving': r.cpu_serving_us.toFixed(0),
      'of the first': (r.cpu_us / (results[0] as Result).cpu_us).toFixed(2),
      'p50 ms': r.p50_ms.toFixed(2),
      'memory MB': processes.rssMb((list[i] as Contender).pid).toFixed(0),
      failed: r.failed,
    }));
    found.push({ what, rows });
    console.log(what);
    console.table(rows);
  }

  it('with more keys', async () => {
    const keys = (n: number): string => Array.from({ length: n }, (_, i) => `sk-bench-${i + 1}`).join(',');
    const list: Contender[] = [];
    for (const n of [1, 8, 64]) list.push(await product(`${n} keys`, { OPENAI_API_KEYS: keys(n) }));
    await compare('keys', list);
  }, 3_600_000);

  /** Bindings of so many sessions in SQL, from where the process fills its memory at the start. */
  async function withSessions(n: number, name: string, env: Record<string, string>): Promise<Contender> {
    const first = await product(name);
    const one = { name, mode: 'json', bytes: 2_000, conc: 1, total: 50, sessions: 4 };
    await measuring.measure(traffic, [first], one, { rounds: 1, scale: 1, tell: () => undefined });
    await processes.stop([first.child]);
    const database = new sqlite3.Database(join(directory, name.replaceAll(/\W+/g, '-'), 'proxy.sqlite3'));
    const run = promisify(database.run.bind(database)) as (sql: string) => Promise<void>;
    const columns = 'fingerprint, organization, cached_tokens, bound_at, expires_at';
    for (let from = 0; from < n; from += 50_000)
      await run(`WITH RECURSIVE series(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM series WHERE n < ${Math.min(from + 50_000, n) - 1}),
        mould AS (SELECT * FROM affinity_bindings WHERE kind = 'session' LIMIT 1)
        INSERT OR REPLACE INTO affinity_bindings (caller_id, kind, id, ${columns})
        SELECT caller_id, kind, printf('bench-s%07d', n), ${columns} FROM series, mould`);
    await promisify(database.close.bind(database))();
    return product(name, env);
  }

  it('with more sessions', async () => {
    const cases: [number, string, Record<string, string>][] = [
      [10, '10 sessions', {}],
      [100_000, '100,000 sessions', {}],
      [SESSIONS, `${SESSIONS} sessions, all in memory`, { PROXY_AFFINITY_MAX_ENTRIES: '2000000' }],
      [SESSIONS, `${SESSIONS} sessions, 200,000 in memory`, {}],
    ];
    const list: Contender[] = [];
    for (const [sessions, name, env] of cases)
      list.push({ ...(await withSessions(sessions, name, env)), scenario: { sessions } });
    await compare('sessions', list);
  }, 3_600_000);

  it('with a longer history', async () => {
    const list: Contender[] = [];
    for (const rows of [1, ROWS]) {
      const path = join(directory, `history-${rows}.sqlite3`);
      const service = databaseService({ kind: 'sqlite', path, origin: 'growth' });
      await service.connect();
      await new ManyRequests(rows, Date.now()).write(service);
      await service.close();
      list.push(await product(`${rows} rows`, { PROXY_SQLITE_URL: `sqlite:///${path}` }));
    }
    await compare('history', list);
  }, 7_200_000);
});
