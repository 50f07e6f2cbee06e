/**
 * Time as the rest of the code sees it. Wall time is for records and for people; every duration, deadline and
 * cooldown uses the monotonic reading, so that a stepped clock neither ends nor extends anything.
 */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin; only differences mean something. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
