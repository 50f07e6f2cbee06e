import type { DatabaseService } from '../infra/database/database.service.js';
import { sumLatencies } from '../usage/latency-hours.js';
import { mendHours } from '../usage/hour-mender.js';
import { HOUR_COLUMNS, lockHours, USAGE_HOURS } from '../usage/hour-totals.js';
import { SqlQuery } from '../usage/sql-query.js';
import { upsertRows } from '../usage/table-writer.js';
import { storableRow } from './storable.js';
import type { TransferRow } from './transfer-rules.js';
import type { TransferSource } from './transfer-source.js';

const TEXTS = ['model', 'resource_id', 'caller_id'];
const STORED = { columns: HOUR_COLUMNS, numeric: HOUR_COLUMNS.filter((column) => !TEXTS.includes(column)) };

/**
 * Sums by the hour outlive their requests, so they are moved; but not into an hour of which the target has sums already,
 * which are those of an earlier run or of a proxy that uses it. Then every hour whose requests, those of both, are more
 * than its sums is made anew. May be run again.
 */
export async function moveHours(source: TransferSource, target: DatabaseService): Promise<void> {
  const hours = await source.rows<{ hour: number }>(
    'SELECT DISTINCT "hour" FROM "usage_hours" ORDER BY "hour"',
  );
  for (const { hour } of hours) await moveHour(source, target, hour);
  await mendHours(target, null);
  // Retention would go on from the last hour that the target has summed.
  await sumLatencies(target, Date.now(), 0);
}

async function moveHour(source: TransferSource, target: DatabaseService, hour: number): Promise<void> {
  const { dialect } = target;
  const sums = await source.rows<TransferRow>(`SELECT * FROM "usage_hours" WHERE "hour" = ${hour}`);
  const rows = sums.map((row) => storableRow(row, STORED, dialect));
  const query = new SqlQuery(dialect).equal('hour', hour);
  await target.transaction(async (runner) => {
    await lockHours(runner, dialect);
    const sql = `SELECT 1 FROM "usage_hours"${query.where} LIMIT 1`;
    const there = (await runner.query(sql, query.params)) as object[];
    if (there.length === 0) await upsertRows(runner, dialect, USAGE_HOURS, rows);
  });
}
