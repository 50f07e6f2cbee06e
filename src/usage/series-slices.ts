import { usd } from './usd.js';

/** Spans that can be asked for: how long, and in how many slices. Slices begin at multiples of their length. */
export const SERIES_SPANS = {
  '1h': { stepMs: 60_000, slices: 60 },
  '24h': { stepMs: 900_000, slices: 96 },
  '7d': { stepMs: 7_200_000, slices: 84 },
  '30d': { stepMs: 28_800_000, slices: 90 },
} as const;
export type SeriesSpan = keyof typeof SERIES_SPANS;

/** Upper bounds in ms, ever a third to a half apart: a percentile is told from them well enough for a picture. */
export const LATENCY_BOUNDS = [
  25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1_200, 1_600, 2_400, 3_200, 5_000, 7_500, 10_000, 15_000,
  20_000, 30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 300_000, 600_000, 1_800_000,
] as const;

/** Requests of one slice that ended alike, as SQL adds them up. */
export interface SeriesCell {
  /** First millisecond of the slice. */
  readonly at: number;
  /** Null = it did not fail, or still runs. */
  readonly cause: string | null;
  /** Index into the bounds; their number = longer; null = not answered. */
  readonly bucket: number | null;
  readonly requests: number;
  /** How many of the bucket, which may be added up apart from the requests. */
  readonly timed: number;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost: number | null;
}

export interface SeriesPoint {
  readonly at: number;
  readonly requests: number;
  readonly failed: number;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  /** Of those answered; estimated within a bucket. Null = none was. */
  readonly latency_p50_ms: number | null;
  readonly latency_p95_ms: number | null;
}

export interface SeriesError {
  readonly cause: string;
  readonly total: number;
  /** Slice by slice. */
  readonly requests: readonly number[];
}

/** More lines than these nobody can tell apart. */
const MAX_CAUSES = 5;
/** Kept of each slice: upstreams choose the error codes, and there may be as many as requests. */
export const MAX_CAUSES_KEPT = 20;
const OTHER = 'other';

export function pointOf(at: number, cells: readonly SeriesCell[]): SeriesPoint {
  const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const known = (values: readonly (number | null)[]): number | null => {
    const told = values.filter((value) => value !== null);
    return told.length === 0 ? null : total(told);
  };
  return {
    at,
    requests: total(cells.map((cell) => cell.requests)),
    failed: total(cells.filter((cell) => cell.cause !== null).map((cell) => cell.requests)),
    input_tokens: known(cells.map((cell) => cell.input_tokens)),
    cached_tokens: known(cells.map((cell) => cell.cached_tokens)),
    output_tokens: known(cells.map((cell) => cell.output_tokens)),
    cost_usd: usd(known(cells.map((cell) => cell.cost))),
    latency_p50_ms: percentile(cells, 0.5),
    latency_p95_ms: percentile(cells, 0.95),
  };
}

/** With a cell for the failures of each slice that are known as a number alone. */
export function withUntold(rows: readonly (SeriesCell & { readonly untold: number })[]): SeriesCell[] {
  const untold = new Map<number, number>();
  const cells = rows.map(({ untold: more, ...cell }) => {
    untold.set(cell.at, (untold.get(cell.at) ?? 0) + more);
    return cell;
  });
  const nothing = {
    bucket: null,
    timed: 0,
    input_tokens: null,
    cached_tokens: null,
    output_tokens: null,
    cost: null,
  };
  for (const [at, requests] of untold)
    if (requests > 0) cells.push({ at, cause: OTHER, requests, ...nothing });
  return cells;
}

/** The same cells with only the most frequent causes of each slice; the rest is one cell, as failures have no bucket. */
export function boundedCauses(cells: readonly SeriesCell[]): SeriesCell[] {
  const slices = new Map<number, SeriesCell[]>();
  for (const cell of cells) {
    const slice = slices.get(cell.at);
    if (slice === undefined) slices.set(cell.at, [cell]);
    else slice.push(cell);
  }
  return [...slices.values()].flatMap(boundedSlice);
}

function boundedSlice(cells: readonly SeriesCell[]): readonly SeriesCell[] {
  const failed = cells.filter(({ cause }) => cause !== null);
  if (failed.length <= MAX_CAUSES_KEPT) return cells;
  const named = failed.filter(({ cause }) => cause !== OTHER).sort((a, b) => b.requests - a.requests);
  const kept = new Set(named.slice(0, MAX_CAUSES_KEPT));
  const [first, ...rest] = failed.filter((cell) => !kept.has(cell));
  const other = first === undefined ? [] : [rest.reduce(together, { ...first, cause: OTHER })];
  return [...cells.filter(({ cause }) => cause === null), ...kept, ...other];
}

function together(a: SeriesCell, b: SeriesCell): SeriesCell {
  const plus = (x: number | null, y: number | null): number | null =>
    x === null || y === null ? (x ?? y) : x + y;
  return {
    ...a,
    requests: a.requests + b.requests,
    input_tokens: plus(a.input_tokens, b.input_tokens),
    cached_tokens: plus(a.cached_tokens, b.cached_tokens),
    output_tokens: plus(a.output_tokens, b.output_tokens),
    cost: plus(a.cost, b.cost),
  };
}

/** By cause, the most frequent first; what is rare is put together as `other`. */
export function errorsOf(slices: readonly (readonly SeriesCell[])[]): SeriesError[] {
  const causes = new Map<string, number[]>();
  slices.forEach((cells, n) => {
    for (const { cause, requests } of cells) {
      if (cause === null) continue;
      const counts = causes.get(cause) ?? slices.map(() => 0);
      counts[n] = (counts[n] ?? 0) + requests;
      causes.set(cause, counts);
    }
  });
  const sorted = [...causes]
    .map(([cause, requests]) => ({ cause, requests, total: requests.reduce((a, b) => a + b, 0) }))
    .sort((a, b) => b.total - a.total || (a.cause < b.cause ? -1 : 1));
  if (sorted.length <= MAX_CAUSES) return sorted;
  const named = sorted.filter(({ cause }) => cause !== OTHER).slice(0, MAX_CAUSES - 1);
  const rest = sorted.filter((one) => !named.includes(one));
  const other = {
    cause: OTHER,
    requests: slices.map((_, n) => rest.reduce((sum, { requests }) => sum + (requests[n] ?? 0), 0)),
    total: rest.reduce((sum, { total }) => sum + total, 0),
  };
  return [...named, other];
}

function percentile(cells: readonly SeriesCell[], share: number): number | null {
  const counts = Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 0);
  for (const { bucket, timed } of cells) {
    if (bucket !== null) counts[bucket] = (counts[bucket] ?? 0) + timed;
  }
  const all = counts.reduce((a, b) => a + b, 0);
  if (all === 0) return null;
  let before = 0;
  for (const [n, inside] of counts.entries()) {
    if (inside > 0 && before + inside >= all * share) {
      const from = LATENCY_BOUNDS[n - 1] ?? 0;
      const to = LATENCY_BOUNDS[n] ?? from;
      return Math.round(from + ((to - from) * (all * share - before)) / inside);
    }
    before += inside;
  }
  return null;
}
