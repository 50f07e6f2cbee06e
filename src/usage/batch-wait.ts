/** What is known of a batch that was handed to the workers and is not done. */
export interface BatchWait {
  /** Of the job, in BullMQ's words; `unknown` = it is not there. */
  readonly state: string;
  readonly waitedMs: number;
  /** Since the batch was handed over, or any worker did anything. */
  readonly silentMs: number;
  /** A worker is connected to Redis. */
  readonly workerKnown: boolean;
}

/** A worker takes a batch in milliseconds, and statements are given up after five seconds. */
const SILENCE_MS = 5_000;
/** By then a batch of a dead worker has been run again by another one. */
const LONGEST_MS = 20_000;
const LOST_PAUSE_MS = 0;
const NO_WORKER_PAUSE_MS = 15_000;

export interface GivenUp {
  readonly reason: string;
  /** How long the queue is better left alone. */
  readonly pauseMs: number;
}

/** Null = go on waiting. Giving up is always safe: the batch is delivered again, and twice is harmless. */
export function giveUp({ state, waitedMs, silentMs, workerKnown }: BatchWait): GivenUp | null {
  if (state === 'unknown') return { reason: 'the batch is not in Redis any more', pauseMs: LOST_PAUSE_MS };
  if (waitedMs >= LONGEST_MS) return { reason: 'the workers take too long', pauseMs: LOST_PAUSE_MS };
  if (silentMs < SILENCE_MS) return null;
  if (workerKnown) return { reason: 'a worker has stopped in the middle of a batch', pauseMs: LOST_PAUSE_MS };
  return { reason: 'no worker takes batches', pauseMs: NO_WORKER_PAUSE_MS };
}
