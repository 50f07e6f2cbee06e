/** How long a resource that has recovered takes less than its share. */
export const SLOW_START_MS = 10_000;
const LEAST = 0.1;

/**
 * The part of its weight that a resource may use, from 0.1 to 1 over the first ten seconds after it recovered: idle as
 * it is, it would otherwise get every new request until it carried as many as the others, and fall over again. In steps
 * of a hundredth: people read it. Null = it never failed. Times are `steadyNow`.
 */
export function warmthAt(recoveredAt: number | null, now: number): number {
  if (recoveredAt === null) return 1;
  const share = Math.floor(((now - recoveredAt) / SLOW_START_MS) * 100) / 100;
  return Math.min(1, Math.max(LEAST, share));
}
