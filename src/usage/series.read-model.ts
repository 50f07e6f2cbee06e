import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { RememberedSlices } from './remembered-slices.js';
import {
  boundedCauses,
  errorsOf,
  pointOf,
  SERIES_SPANS,
  type SeriesCell,
  type SeriesError,
  type SeriesPoint,
  type SeriesSpan,
  withUntold,
} from './series-slices.js';
import { everyRequest, sumsOfHours } from './series-sql.js';
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
    const query = new SqlQuery(this.database.dialect);
    const sql =
      stepMs % HOUR_MS === 0 ? sumsOfHours(query, stepMs, from, to) : everyRequest(query, stepMs, from, to);
    const rows = await this.database.read<SeriesCell & { untold: number }>(sql, query.params);
    return boundedCauses(withUntold(rows));
  }
}
