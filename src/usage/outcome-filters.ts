import type { ExactFilter } from './sql-query.js';

/** What nearly every request says. */
const USUAL: ReadonlySet<unknown> = new Set([200, 'completed']);

export interface OutcomeFilters {
  /** They leave few rows, as far as that can be told. */
  readonly rare: ExactFilter[];
  readonly usual: ExactFilter[];
}

/** How a request ended, as columns of `requests`. */
export function outcomeFilters(asked: {
  readonly status_code?: number | null | undefined;
  readonly state?: string | null | undefined;
}): OutcomeFilters {
  const all: ExactFilter[] = [
    ['status_code', asked.status_code],
    ['state', asked.state],
  ];
  const given = all.filter(([, value]) => value !== null && value !== undefined);
  return {
    rare: given.filter(([, value]) => !USUAL.has(value)),
    usual: given.filter(([, value]) => USUAL.has(value)),
  };
}
