import { Injectable } from '@nestjs/common';
import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { DatabaseService } from '../infra/database/database.service.js';
import {
  ATTEMPTS,
  attemptRow,
  BINDINGS,
  bindingRow,
  BODIES,
  bodyRow,
  DECISIONS,
  decisionRow,
  EVENTS,
  eventRow,
} from './detail-tables.js';
import type { FinishedRecord } from './records.js';
import { finishRank, type RequestFold } from './request-table.js';
import { writeRequests } from './request-writer.js';
import type { SqlValue } from './sql-values.js';
import { type TableSpec, upsertRows } from './table-writer.js';
import type { SpooledRecord } from './telemetry-queue.js';

/** Rows of one batch by table, keyed so that a batch never meets the same row twice. */
interface Rows {
  readonly requests: Map<string, RequestFold>;
  readonly attempts: Map<string, SqlValue[]>;
  readonly decisions: Map<string, SqlValue[]>;
  readonly events: Map<string, SqlValue[]>;
  readonly bindings: Map<string, SqlValue[]>;
  readonly bodies: Map<string, SqlValue[]>;
}

/**
 * Writes batches of records: one transaction each, every statement an idempotent upsert. Any number of copies of a
 * record in any order leaves the same rows.
 */
@Injectable()
export class Recorder {
  constructor(private readonly database: DatabaseService) {}

  async write(batch: readonly SpooledRecord[]): Promise<void> {
    if (batch.length === 0) return;
    const rows = await fold(batch);
    const dialect = this.database.dialect;
    await this.database.transaction((runner) => writeAll(runner, dialect, rows));
  }
}

async function writeAll(runner: QueryRunner, dialect: Dialect, rows: Rows): Promise<void> {
  const write = (spec: TableSpec, map: Map<string, SqlValue[]>) =>
    upsertRows(runner, dialect, spec, sorted(map));
  if (rows.requests.size > 0) {
    const folds = [...rows.requests.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    await writeRequests(runner, dialect, folds);
  }
  await write(ATTEMPTS, rows.attempts);
  await write(DECISIONS, rows.decisions);
  await write(BINDINGS, rows.bindings);
  await write(EVENTS, rows.events);
  await write(BODIES, rows.bodies);
}

/** In key order: two writers then take their row locks in the same order and cannot deadlock. */
function sorted(map: Map<string, SqlValue[]>): SqlValue[][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

async function fold(batch: readonly SpooledRecord[]): Promise<Rows> {
  const rows: Rows = {
    requests: new Map(),
    attempts: new Map(),
    decisions: new Map(),
    events: new Map(),
    bindings: new Map(),
    bodies: new Map(),
  };
  for (const { record, body } of batch) {
    switch (record.t) {
      case 'started': {
        const { id, decision } = record;
        const target = foldOf(rows, id);
        target.start = record;
        target.triedFirst = decision.resourceId;
        rows.decisions.set(decision.id, decisionRow(decision));
        break;
      }
      case 'finished':
        foldFinished(rows, record);
        break;
      case 'body':
        rows.bodies.set(`${record.id}:${record.direction}`, await bodyRow(record, body ?? Buffer.alloc(0)));
        break;
      case 'event':
        rows.events.set(record.id, eventRow(record));
        break;
      default:
        throw new TypeError(`unknown record ${String((record satisfies never as { t: unknown }).t)}`);
    }
  }
  return rows;
}

function foldFinished(rows: Rows, record: FinishedRecord): void {
  const target = foldOf(rows, record.id);
  if (finishRank(record) > finishRank(target.finish)) target.finish = record;
  if (record.rejected !== null) target.start ??= record.rejected;
  for (const attempt of record.attempts)
    rows.attempts.set(`${record.id}:${attempt.n}`, attemptRow(record.id, attempt));
  for (const decision of record.decisions) rows.decisions.set(decision.id, decisionRow(decision));
  for (const binding of record.bindings) {
    const row = bindingRow(binding);
    const key = row.slice(0, BINDINGS.key.length).join('\u0000');
    const known = rows.bindings.get(key);
    if (known === undefined || isNewerBinding(row, known)) rows.bindings.set(key, row);
  }
}

const FINGERPRINT = BINDINGS.columns.indexOf('fingerprint');
const BOUND_AT = BINDINGS.columns.indexOf('bound_at');

function isNewerBinding(row: SqlValue[], known: SqlValue[]): boolean {
  const difference = Number(row[BOUND_AT]) - Number(known[BOUND_AT]);
  return difference > 0 || (difference === 0 && String(row[FINGERPRINT]) > String(known[FINGERPRINT]));
}

function foldOf(rows: Rows, id: string): RequestFold {
  let found = rows.requests.get(id);
  if (found === undefined) {
    found = { id, start: null, triedFirst: null, finish: null };
    rows.requests.set(id, found);
  }
  return found;
}
