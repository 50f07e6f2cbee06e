import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import type { FinishedRecord } from './records.js';
import { Sanitizer } from './sanitizer.js';
import { isUnpriced, type Uncounted } from './session-totals.js';
import type { SqlValue } from './sql-values.js';
import { sumsByKey } from './sums-by-key.js';
import { type TableSpec, upsertRows } from './table-writer.js';
import { utcDay } from './utc-day.js';

/** What is added up. */
export const KEY_TOTALS = ['requests', 'tokens', 'cost', 'unpriced_requests'] as const;

export const KEY_USAGE: TableSpec = {
  table: 'key_usage',
  columns: ['caller_id', 'day', 'instance_id', ...KEY_TOTALS],
  key: ['caller_id', 'day', 'instance_id'],
  onConflict: `UPDATE SET ${KEY_TOTALS.map((total) => `"${total}" = "key_usage"."${total}" + excluded."${total}"`).join(', ')}`,
};

/** What is added to one day of a key; in the order of `KEY_TOTALS`. */
interface Addend {
  readonly key: readonly [callerId: string, day: number, instanceId: string];
  readonly totals: readonly number[];
}

/**
 * Adds requests to what their callers used on their days, in the transaction that marked them as counted; and what is
 * charged for answers that did not tell, with the end that it came with.
 */
export async function countKeyUsage(
  runner: QueryRunner,
  dialect: Dialect,
  rows: readonly Uncounted[],
  charged: readonly FinishedRecord[],
): Promise<void> {
  const addends = [...rows.map(usedBy), ...charged.flatMap(chargeOf)];
  const sums = sumsByKey(addends, ({ key }) => key.join('\u0000'), sumOf);
  await upsertRows(
    runner,
    dialect,
    KEY_USAGE,
    sums.filter((row) => row.slice(3).some((value) => value !== 0)),
  );
}

function sumOf(group: readonly Addend[]): SqlValue[] {
  const totals = KEY_TOTALS.map((_, n) => group.reduce((sum, addend) => sum + (addend.totals[n] ?? 0), 0));
  return [...(group[0]?.key ?? []), ...totals];
}

function usedBy(row: Uncounted): Addend {
  const key = [row.caller_id, utcDay(row.started_at), row.instance_id] as const;
  const requests = row.counted === 0 && row.resource_id !== null ? 1 : 0;
  if (row.finish_rank !== 2) return { key, totals: [requests, 0, 0, 0] };
  return { key, totals: [requests, tokensOf(row), row.cost ?? 0, isUnpriced(row) ? 1 : 0] };
}

function chargeOf({ startedAt, charged }: FinishedRecord): Addend[] {
  if (charged === undefined || charged === null) return [];
  const s = new Sanitizer();
  const key = [s.text(charged.callerId), utcDay(s.intOr(startedAt, 0)), s.text(charged.instanceId)] as const;
  return [{ key, totals: [0, s.intOr(charged.tokens, 0), s.intOr(charged.cost, 0), 0] }];
}

function tokensOf(row: Uncounted): number {
  return row.total_tokens ?? (row.input_tokens ?? 0) + (row.output_tokens ?? 0);
}
