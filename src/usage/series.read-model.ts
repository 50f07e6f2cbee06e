import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import {
  errorsOf,
  LATENCY_BOUNDS,
  pointOf,
  SERIES_SPANS,
  type SeriesCell,
  type SeriesError,
  type SeriesPoint,
  type SeriesSpan,
} from './series-slices.js';
import { SqlQuery } from './sql-query.js';

/** So few rows at once that no read nears its limit, however long the history is. */
const SLICES_AT_ONCE = 8;
/** A slice is good for a tenth of its age: late records belong to young slices, and old ones are read once in hours. */
const AGE_SHARE = 10;
const AT_LEAST_MS = 2_000;

export interface Series {
  readonly since: number;
  readonly step_ms: number;
  /** Oldest first, without gaps. */
  readonly points: readonly SeriesPoint[];
  readonly totals: SeriesPoint;
  readonly errors: readonly SeriesError[];
}

interface Slice {
  readonly cells: readonly SeriesCell[];
  readonly readAt: number;
}

const BUCKET = `CASE WHEN "state" NOT IN ('completed', 'incomplete') OR "latency_ms" IS NULL THEN NULL ${LATENCY_BOUNDS.map(
  (bound, n) => `WHEN "latency_ms" < ${bound} THEN ${n}`,
).join(' ')} ELSE ${LATENCY_BOUNDS.length} END`;

/**
 * Requests over time for charts. What is past hardly changes, so each slice is added up once and remembered: a month
 * of a million requests costs its first reader a few seconds, and the next one the last slices.
 */
@Injectable()
export class SeriesReadModel {
  readonly #slices = new Map<SeriesSpan, Map<number, Slice>>();
  readonly #running = new Map<SeriesSpan, Promise<Series>>();

  constructor(
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `database_unavailable`. Readers that ask while one is being answered get its answer. */
  read(span: SeriesSpan): Promise<Series> {
    const running = this.#running.get(span);
    if (running !== undefined) return running;
    const started = this.#read(span).finally(() => this.#running.delete(span));
    this.#running.set(span, started);
    return started;
  }

  async #read(span: SeriesSpan): Promise<Series> {
    const { stepMs, slices } = SERIES_SPANS[span];
    const now = this.clock.now();
    const last = now - (now % stepMs);
    const starts = Array.from({ length: slices }, (_, n) => last - (slices - 1 - n) * stepMs);
    const known = this.#slices.get(span) ?? new Map<number, Slice>();
    const kept = new Map([...known].filter(([at]) => at >= last - slices * stepMs));
    this.#slices.set(span, kept);
    const stale = starts.filter((at) => !isFresh(kept.get(at), at + stepMs, now));
    for (const run of runsOf(stale, stepMs)) await this.#fill(kept, run, stepMs, now);
    const cells = starts.map((at) => kept.get(at)?.cells ?? []);
    return {
      since: starts[0] ?? last,
      step_ms: stepMs,
      points: starts.map((at, n) => pointOf(at, cells[n] ?? [])),
      totals: pointOf(starts[0] ?? last, cells.flat()),
      errors: errorsOf(cells),
    };
  }

  async #fill(
    slices: Map<number, Slice>,
    run: readonly number[],
    stepMs: number,
    now: number,
  ): Promise<void> {
    const query = new SqlQuery(this.database.dialect).from('started_at', run[0]);
    const end = query.param((run.at(-1) ?? 0) + stepMs);
    const rows = await this.database.read<SeriesCell>(
      `SELECT "started_at" - "started_at" % ${stepMs} AS "at",
         CASE WHEN "state" IN ('completed', 'incomplete', 'in_progress') THEN NULL ELSE COALESCE("error_code", "state") END AS "cause",
         ${BUCKET} AS "bucket", COUNT(*) AS "requests", SUM("input_tokens") AS "input_tokens",
         SUM("cached_tokens") AS "cached_tokens", SUM("output_tokens") AS "output_tokens", SUM("cost") AS "cost"
       FROM "requests"${query.where} AND "started_at" < ${end} GROUP BY 1, 2, 3`,
      query.params,
    );
    for (const at of run) slices.set(at, { cells: rows.filter((row) => row.at === at), readAt: now });
  }
}

function isFresh(slice: Slice | undefined, end: number, now: number): boolean {
  if (slice === undefined) return false;
  const goodFor = Math.max(AT_LEAST_MS, (slice.readAt - end) / AGE_SHARE);
  return now - slice.readAt < goodFor;
}

/** Neighbours together, a few at once. */
function runsOf(starts: readonly number[], stepMs: number): number[][] {
  const runs: number[][] = [];
  for (const at of starts) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === at - stepMs && run.length < SLICES_AT_ONCE) run.push(at);
    else runs.push([at]);
  }
  return runs;
}
