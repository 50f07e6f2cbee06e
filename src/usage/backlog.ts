/** Records that wait for SQL. */
export interface Backlog {
  readonly pending: number;
  readonly bytes: number;
  readonly oldestAt: number | null;
}

export const NO_BACKLOG: Backlog = { pending: 0, bytes: 0, oldestAt: null };

export function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
