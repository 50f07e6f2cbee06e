import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { encodeCursor } from '../src/usage/cursor.js';
import { databaseService } from '../test/support/database.js';
import { DatabaseUnderTest } from '../test/support/database-under-test.js';
import { FakeUpstream } from '../test/support/fake-upstream.js';
import { LoadClient, type LoadEntry } from '../test/support/load-client.js';
import { ManyRequests } from '../test/support/many-requests.js';
import { ProxyProcess } from '../test/support/proxy-process.js';
import { runCli } from '../test/support/run-cli.js';

const REQUESTS = Number(process.env['RPX_HISTORY_REQUESTS'] ?? 1_000_000);
const ROUNDS = Number(process.env['RPX_HISTORY_ROUNDS'] ?? 100);

/**
 * `npx vitest run --config bench/vitest.config.ts bench/history.bench-run.ts`: what pages of the admin API take with a
 * million requests, through the real process, and what deleting nine tenths of them does to traffic.
 */
describe.each(['sqlite', 'postgres'] as const)('a long history in %s', (dialect) => {
  const history = new ManyRequests(REQUESTS, Date.now());
  let database: DatabaseUnderTest;
  let proxy: ProxyProcess | null = null;
  let upstream: FakeUpstream | undefined;

  beforeAll(async () => {
    database = await DatabaseUnderTest.create(dialect);
    const service = databaseService(database.config);
    await service.connect();
    const from = performance.now();
    await history.write(service);
    await service.close();
    console.log(`${dialect}: ${REQUESTS} requests in ${((performance.now() - from) / 1000).toFixed(0)} s`);
    const { config } = database;
    upstream = await FakeUpstream.start({ keys: ['sk-test'] });
    proxy = await ProxyProcess.start({
      keys: ['sk-test'],
      upstream,
      env:
        config.kind === 'postgres'
          ? { PROXY_DATABASE_URL: config.url.reveal() }
          : { PROXY_SQLITE_URL: `sqlite:///${config.path}` },
    });
  }, 3_600_000);
  afterAll(async () => {
    await proxy?.dispose();
    await upstream?.stop();
    await database.remove();
    await DatabaseUnderTest.stopServer();
  });

  it('is read', async () => {
    const middle = Math.floor(REQUESTS / 2);
    const deep = encodeCursor({ at: history.startedAt(middle), id: history.id(middle) });
    const usage = (by: string, more = ''): [string, string] => [
      `usage by ${by}${more}`,
      `/admin/usage?group_by=${by}${more.replace(' ', '&')}`,
    ];
    const pages: readonly (readonly [string, string])[] = [
      ['requests, first page', '/admin/requests'],
      ['requests, from the middle', `/admin/requests?cursor=${deep}`],
      ['requests, limit 500', '/admin/requests?limit=500'],
      ...[
        `session_id=${history.session(middle)}`,
        'resource_id=openai-3',
        'status_code=429',
        'status_code=599',
        'model=gpt-5.5-mini',
        'model=none',
        'state=upstream_error',
        'state=interrupted',
        'since=1h',
        'resource_id=openai-3&status_code=429',
        'model=gpt-5.5&status_code=599',
        'resource_id=openai-3&model=gpt-5.5&state=timeout',
        `session_id=${history.session(middle)}&status_code=500`,
      ].map((filter) => [`requests, ${filter}`, `/admin/requests?${filter}`] as const),
      ['request', `/admin/requests/${history.id(middle)}`],
      ['sessions, first page', '/admin/sessions'],
      ['session', `/admin/sessions/${history.session(middle)}`],
      ['decisions, first page', '/admin/decisions'],
      ['decisions of a session', `/admin/decisions?session_id=${history.session(middle)}`],
      ...['model', 'resource', 'key', 'hour', 'session'].flatMap((by) => [
        usage(by),
        usage(by, ' since=24h'),
        usage(by, ' since=7d'),
      ]),
      ['diagnostics', '/admin/diagnostics'],
    ];
    // Whoever comes second reads what is remembered of the first.
    for (const span of ['30d', '7d', '24h'])
      console.log(
        `${dialect}  series over ${span}, first reader`.padEnd(62),
        await once(proxy as ProxyProcess, span),
      );
    for (const [name, path] of pages)
      console.log(`${dialect}  ${name.padEnd(52)} ${await measured(proxy as ProxyProcess, path)}`);
  }, 3_600_000);

  it('is pruned to a tenth while requests go on', async () => {
    const { config } = database;
    const running = proxy as ProxyProcess;
    const calm = await steadily(running, new Promise((resolve) => setTimeout(resolve, 10_000)));
    const wal = { most: 0 };
    const timer = setInterval(() => {
      if (config.kind === 'sqlite') wal.most = Math.max(wal.most, statSync(`${config.path}-wal`).size);
    }, 100);
    const from = performance.now();
    const pruning = runCli(
      ['prune', '--days', '3', '--json'],
      config.kind === 'postgres'
        ? { PROXY_DATABASE_URL: config.url.reveal() }
        : { PROXY_SQLITE_URL: `sqlite:///${config.path}` },
    );
    const busy = await steadily(running, pruning);
    clearInterval(timer);
    const { stdout } = await pruning;
    const seconds = ((performance.now() - from) / 1000).toFixed(0);
    console.log(`${dialect}  pruned in ${seconds} s: ${stdout.trim()}`);
    console.log(
      `${dialect}  before: ${calm}; meanwhile: ${busy}; WAL ${(wal.most / 1e6).toFixed(0)} MB at most`,
    );
  }, 3_600_000);
});

/** 50 requests a second for as long as the other thing takes. */
async function steadily(proxy: ProxyProcess, other: Promise<unknown>): Promise<string> {
  const client = new LoadClient(proxy.url);
  const sent: Promise<LoadEntry>[] = [];
  const times: number[] = [];
  const timer = setInterval(() => {
    const from = performance.now();
    sent.push(client.send({ body: {} }).finally(() => times.push(performance.now() - from)));
  }, 20);
  await other.finally(() => clearInterval(timer));
  const failed = (await Promise.all(sent)).filter(({ status }) => status !== 200).length;
  client.close();
  return `${sent.length} requests, ${failed} failed, ${percentiles(times)}`;
}

async function once(proxy: ProxyProcess, span: string): Promise<string> {
  const from = performance.now();
  const answer = await fetch(`${proxy.url}/admin/series?span=${span}`);
  await answer.arrayBuffer();
  return `${(performance.now() - from).toFixed(0)} ms, ${answer.status}`;
}

/** p50 and p99 in ms of as many calls as a few seconds allow, the first left out. */
async function measured(proxy: ProxyProcess, path: string): Promise<string> {
  const times: number[] = [];
  let refused = 0;
  const end = performance.now() + 6_000;
  for (let n = 0; n <= ROUNDS && (n < 4 || performance.now() < end); n++) {
    const from = performance.now();
    const answer = await fetch(`${proxy.url}${path}`);
    await answer.arrayBuffer();
    if (answer.status === 503) refused++;
    else if (!answer.ok) return `answered ${answer.status}`;
    if (n > 0) times.push(performance.now() - from);
  }
  return `${percentiles(times)} of ${times.length}${refused > 0 ? `, ${refused} REFUSED` : ''}`;
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return `${at(0.5).padStart(8)} ${at(0.99).padStart(8)} ms`;
}
