import { randomUUID } from 'node:crypto';
import type { RequestRow } from './history.js';
import type { LoadClient, LoadEntry } from './load-client.js';
import type { Rig } from './rig.js';
import { pause, until } from './until.js';
import type { Arrival } from './upstream-ledger.js';

const WIDTH = 32;

/** Every request names a session of its own: by it the three ledgers are joined one by one, not counted. */
export interface Sent {
  readonly session: string;
  readonly entry: LoadEntry;
}

/** Sends until `total` have left; those that found nobody listening between a kill and a restart do not count. */
export async function load(client: LoadClient, total: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  const lane = async (): Promise<void> => {
    while (sent.length < total) {
      const n = sent.length;
      const stream = n % 2 === 0;
      const model = stream
        ? `plan:paced,n=${2 + (n % 5)},interval=${5 + (n % 20)}`
        : `fault:slow,ms=${10 + (n % 60)}`;
      const session = `kill-${randomUUID()}`;
      const metadata = { session_id: session };
      const entry = await client.send({ body: { stream, model, metadata }, keepText: false });
      if (entry.error === 'ECONNREFUSED') await pause(20);
      else sent.push({ session, entry });
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  return sent;
}

/**
 * Every row once nothing is in progress any more and all that arrived upstream has one; after a minute what there is,
 * for the comparison to tell.
 */
export async function settledRows(rig: Rig): Promise<RequestRow[]> {
  let rows: RequestRow[] = [];
  const settled = async (): Promise<boolean> => {
    const before = rows.length;
    rows = await rig.history.rows<RequestRow>('SELECT * FROM requests');
    const known = new Set(rows.map((row) => row.session_id));
    return (
      rows.length === before &&
      rows.every((row) => row.state !== 'in_progress') &&
      rig.upstream.ledger.creates.every((arrival) => known.has(sessionOf(arrival)))
    );
  };
  await until(settled, Boolean, { timeoutMs: 60_000, everyMs: 300 }).catch(() => undefined);
  return rows;
}

const sessionOf = (arrival: Arrival): string =>
  (arrival.json?.['metadata'] as { session_id?: string } | undefined)?.session_id ?? 'none';

function grouped<T>(list: readonly T[], keyOf: (one: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) groups.set(keyOf(one) ?? '', [...(groups.get(keyOf(one) ?? '') ?? []), one]);
  return groups;
}

function isWrong({ entry }: Sent, row: RequestRow | undefined, arrival: Arrival | undefined): boolean {
  const told = arrival?.usage;
  return (
    row?.response_id !== entry.responseId ||
    row?.response_id !== arrival?.responseId ||
    row?.total_tokens !== told?.total_tokens ||
    row?.cached_tokens !== told?.input_tokens_details.cached_tokens ||
    row?.total_tokens !== entry.usage?.total_tokens
  );
}

export function compare(
  rig: Rig,
  sent: readonly Sent[],
  rows: readonly RequestRow[],
): Record<string, number> {
  const rowsOf = grouped(rows, (row) => row.session_id);
  const arrivalsOf = grouped(rig.upstream.ledger.creates, sessionOf);
  const sessions = new Set(sent.map((one) => one.session));
  const rowOf = ({ session }: Sent): RequestRow | undefined => rowsOf.get(session)?.[0];
  const more = (groups: Map<string, unknown[]>): number =>
    [...groups.values()].filter((group) => group.length > 1).length;
  const acknowledged = sent.filter(({ entry }) => entry.acknowledged && entry.status === 200);
  const begun = sent.filter(({ entry }) => entry.proxyRequestId !== null);
  return {
    sent: sent.length,
    acknowledged: acknowledged.length,
    arrivals: rig.upstream.ledger.creates.length,
    rows: rows.length,
    interrupted: rows.filter((row) => row.state === 'interrupted').length,
    acknowledgedMissing: acknowledged.filter((one) => rowOf(one)?.state !== 'completed').length,
    otherIds: begun.filter((one) => rowOf(one)?.id !== one.entry.proxyRequestId).length,
    wrongTokens: acknowledged.filter((one) => isWrong(one, rowOf(one), arrivalsOf.get(one.session)?.[0]))
      .length,
    arrivalsWithoutRow: [...arrivalsOf.keys()].filter((session) => !rowsOf.has(session)).length,
    arrivalsNobodySent: [...arrivalsOf.keys()].filter((session) => !sessions.has(session)).length,
    rowsNobodySent: [...rowsOf.keys()].filter((session) => !sessions.has(session)).length,
    doubledRows: more(rowsOf),
    doubledArrivals: more(arrivalsOf),
    doubledResponses: more(
      grouped(
        rows.filter((row) => row.response_id !== null),
        (row) => row.response_id,
      ),
    ),
    strange: rows.filter((row) => !['completed', 'interrupted'].includes(row.state)).length,
  };
}

/** What nothing may ever show, whoever was killed. */
export const SOUND = {
  acknowledgedMissing: 0,
  otherIds: 0,
  wrongTokens: 0,
  arrivalsWithoutRow: 0,
  arrivalsNobodySent: 0,
  rowsNobodySent: 0,
  doubledRows: 0,
  doubledArrivals: 0,
  doubledResponses: 0,
  strange: 0,
};
