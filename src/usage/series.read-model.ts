import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { RememberedSlices } from './remembered-slices.js';
import {
  boundedCauses,
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

/** Two days and a half of a month, two hours of a day. */
const SLICES_AT_ONCE = 8;

export interface Series {
  readonly since: number;
  readonly step_ms: number;
  /** Oldest first, without gaps. */
  readonly points: readonly SeriesPoint[];
  readonly totals: SeriesPoint;
  readonly errors: readonly SeriesError[];
}

const BUCKET = `CASE WHEN "state" NOT IN ('completed', 'incomplete') OR "latency_ms" IS NULL THEN NULL ${LATENCY_BOUNDS.map(
  (bound, n) => `WHEN "latency_ms" < ${bound} THEN ${n}`,
).join(' ')} ELSE ${LATENCY_BOUNDS.length} END`;

/** Requests over time, for charts. */
@Injectable()
export class SeriesReadModel {
  readonly #slices = new Map<SeriesSpan, RememberedSlices<SeriesCell>>();

  constructor(
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `database_unavailable`. */
  async read(span: SeriesSpan): Promise<Series> {
    const { stepMs, slices: count } = SERIES_SPANS[span];
    const now = this.clock.now();
    const last = now - (now % stepMs);
    const since = last - (count - 1) * stepMs;
    const starts = Array.from({ length: count }, (_, n) => since + n * stepMs);
    const cells = await this.#remembered(span, stepMs).read(starts, now);
    return {
      since,
      step_ms: stepMs,
      points: starts.map((at, n) => pointOf(at, cells[n] ?? [])),
      totals: pointOf(since, cells.flat()),
      errors: errorsOf(cells),
    };
  }

  #remembered(span: SeriesSpan, stepMs: number): RememberedSlices<SeriesCell> {
    const known = this.#slices.get(span);
    if (known !== undefined) return known;
    const made = new RememberedSlices<SeriesCell>(stepMs, SLICES_AT_ONCE, (from, to) =>
      this.#cells(stepMs, from, to),
    );
    this.#slices.set(span, made);
    return made;
  }

  async #cells(stepMs: number, from: number, to: number): Promise<SeriesCell[]> {
    const query = new SqlQuery(this.database.dialect).from('started_at', from).before('started_at', to);
    const cells = await this.database.read<SeriesCell>(
      `SELECT "started_at" - "started_at" % ${stepMs} AS "at",
         CASE WHEN "state" IN ('completed', 'incomplete', 'in_progress') THEN NULL ELSE COALESCE("error_code", "state") END AS "cause",
         ${BUCKET} AS "bucket", COUNT(*) AS "requests", SUM("input_tokens") AS "input_tokens",
         SUM("cached_tokens") AS "cached_tokens", SUM("output_tokens") AS "output_tokens", SUM("cost") AS "cost"
       FROM "requests"${query.where} GROUP BY 1, 2, 3`,
      query.params,
    );
    return boundedCauses(cells);
  }
}
