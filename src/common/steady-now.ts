import type { Clock } from './clock.js';

const origins = new WeakMap<Clock, number>();

/**
 * Epoch milliseconds that only ever move forward at the speed of the monotonic clock: wall time as it was when the
 * clock was first asked, plus what has passed since. Deadlines compared with it survive a stepped wall clock. All
 * callers that share a `Clock` share the origin, so their readings are comparable.
 */
export function steadyNow(clock: Clock): number {
  let origin = origins.get(clock);
  if (origin === undefined) {
    origin = clock.now() - clock.monotonic();
    origins.set(clock, origin);
  }
  return origin + clock.monotonic();
}
