import { ApiError } from './api-error.js';
import type { RequestRow } from './wire-history.js';

/** What a request leaves reaches SQL a moment after its end, and itself a moment after its beginning. */
const LATE_MS = 15_000;

/** Whether another read may show more of a request. `openedAt` = since when somebody looks. */
export function stillPending(
  request: Pick<RequestRow, 'state' | 'started_at' | 'finished_at'> | null,
  error: Error | null,
  openedAt: number,
  now: number,
): boolean {
  if (error instanceof ApiError && error.status === 404) return now - openedAt < LATE_MS;
  if (request === null || request.state === 'in_progress') return true;
  return now - (request.finished_at ?? request.started_at) < LATE_MS;
}
