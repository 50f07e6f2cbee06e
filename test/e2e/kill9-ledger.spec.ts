import { randomInt } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import type { RequestRow } from '../support/history.js';
import { LoadClient } from '../support/load-client.js';
import type { LoadEntry } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { Rig, key } from '../support/rig.js';
import { pause, until } from '../support/until.js';

const REQUESTS = Number(process.env['RPX_KILL9_REQUESTS'] ?? 1_500);
const WIDTH = 32;

/** Sends until `REQUESTS` have left; those that found nobody listening between a kill and a restart do not count. */
async function load(client: LoadClient): Promise<LoadEntry[]> {
  const sent: LoadEntry[] = [];
  const lane = async (): Promise<void> => {
    while (sent.length < REQUESTS) {
      const n = sent.length;
      const stream = n % 2 === 0;
      const model = stream
        ? `plan:paced,n=${2 + (n % 5)},interval=${5 + (n % 20)}`
        : `fault:slow,ms=${10 + (n % 60)}`;
      const entry = await client.send({
        headers: { 'session-id': `kill-${n % 40}` },
        body: { stream, model },
        keepText: false,
      });
      if (entry.error === 'ECONNREFUSED') await pause(20);
      else sent.push(entry);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  return sent;
}

async function killAtRandom(rig: Rig, client: LoadClient, over: () => boolean): Promise<number> {
  let kills = 0;
  let next = randomInt(100, 250);
  while (!over()) {
    const done = client.entries.filter((e) => e.acknowledged).length;
    if (done < next) {
      await pause(5);
      continue;
    }
    await rig.proxy.kill9();
    kills += 1;
    await rig.proxy.restart();
    next = client.entries.filter((e) => e.acknowledged).length + randomInt(120, 320);
  }
  return kills;
}

/** Every row once nothing is in progress any more. */
function settledRows(rig: Rig): Promise<RequestRow[]> {
  let before = -1;
  return until(
    async () => {
      const rows = await rig.history.rows<RequestRow>('SELECT * FROM requests');
      const settled = rows.every((r) => r.state !== 'in_progress') && rows.length === before;
      before = rows.length;
      return settled ? rows : [];
    },
    (rows) => rows.length > 0,
    { timeoutMs: 30_000, everyMs: 300, what: 'all rows finished' },
  );
}

function compare(rig: Rig, sent: readonly LoadEntry[], rows: readonly RequestRow[]): Record<string, number> {
  const byId = new Map(rows.map((r) => [r.id, r]));
  const byResponse = new Map<string, RequestRow[]>();
  for (const row of rows) {
    if (row.response_id) byResponse.set(row.response_id, [...(byResponse.get(row.response_id) ?? []), row]);
  }
  const acknowledged = sent.filter((e) => e.acknowledged && e.status === 200);
  const missing = acknowledged.filter((e) => byId.get(e.proxyRequestId ?? '')?.state !== 'completed');
  const doubled = [...byResponse.values()].filter((list) => list.length > 1);
  const wrongTokens = acknowledged.filter((e) => {
    const row = byId.get(e.proxyRequestId ?? '');
    const told = rig.upstream.ledger.byResponseId(e.responseId ?? '')?.usage;
    return (
      row?.response_id !== e.responseId ||
      row?.total_tokens !== told?.total_tokens ||
      row?.cached_tokens !== told?.input_tokens_details.cached_tokens ||
      row?.total_tokens !== e.usage?.total_tokens
    );
  });
  const begun = sent.filter((e) => !e.acknowledged && e.proxyRequestId !== null);
  const begunWithoutRow = begun.filter((e) => !byId.has(e.proxyRequestId ?? ''));
  const markers = rig.upstream.ledger.creates.map(
    (a) => (a.json?.['metadata'] as { marker?: string } | undefined)?.marker,
  );
  return {
    sent: sent.length,
    acknowledged: acknowledged.length,
    arrivals: rig.upstream.ledger.creates.length,
    rows: rows.length,
    interrupted: rows.filter((r) => r.state === 'interrupted').length,
    acknowledgedMissing: missing.length,
    doubledRows: doubled.length,
    doubledArrivals: markers.length - new Set(markers).size,
    wrongTokens: wrongTokens.length,
    begunWithoutRow: begunWithoutRow.length,
    strange: rows.filter((r) => !['completed', 'interrupted'].includes(r.state)).length,
  };
}

async function ledgersAgree(rig: Rig): Promise<void> {
  const client = new LoadClient(rig.proxy.url);
  let over = false;
  const killing = killAtRandom(rig, client, () => over);
  const sent = await load(client);
  over = true;
  const kills = await killing;
  const rows = await settledRows(rig);
  const result = compare(rig, sent, rows);
  console.log('kill -9 ledger', JSON.stringify({ kills, ...result }));
  client.close();
  expect(kills).toBeGreaterThanOrEqual(3);
  expect(result).toMatchObject({
    acknowledgedMissing: 0,
    doubledRows: 0,
    doubledArrivals: 0,
    wrongTokens: 0,
    begunWithoutRow: 0,
    strange: 0,
  });
  // Whatever reached the upstream has a row; a row without an arrival was on its way when the process died.
  expect(result['rows']).toBeGreaterThanOrEqual(result['arrivals'] ?? 0);
  expect(result['rows']).toBeLessThanOrEqual(result['sent'] ?? 0);
  expect(result['interrupted']).toBeGreaterThan(0);
  await until(
    () => rig.proxy.state(),
    (s) => s.queue_depth === 0,
    { what: 'empty spool' },
  );
}

describe('kill -9 at random under load', () => {
  afterAll(() => stopPostgres());

  it('client ledger = upstream ledger = SQL (SQLite)', async () => {
    const rig = await Rig.start({ keys: [key('1'), key('2'), key('3')] });
    await ledgersAgree(rig);
    await rig.stop();
  }, 120_000);

  it('client ledger = upstream ledger = SQL (Postgres)', async () => {
    const postgresUrl = await (await postgres()).createDatabase();
    const rig = await Rig.start({ keys: [key('1'), key('2'), key('3')], postgresUrl });
    await ledgersAgree(rig);
    await rig.stop();
  }, 120_000);
});
