/** Above this share of a core the loop is busy serving. */
const BUSY_UTILIZATION = 0.85;
/** History may lag behind by this much so that a burst of requests is served first. */
const LONGEST_HOLD_MS = 2_000;

/** Whether records wait on disk a little longer, because the loop has better to do than to make rows of them. */
export function holdBack(utilization: number, heldMs: number): boolean {
  return utilization > BUSY_UTILIZATION && heldMs < LONGEST_HOLD_MS;
}
