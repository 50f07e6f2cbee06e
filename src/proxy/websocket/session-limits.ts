import type { AppConfig } from '../../config/app-config.js';
import type { AttemptOutcome } from '../../upstream/attempt-outcome.js';
import type { CommittedEnd } from '../ending.js';

/** What the limits look at; times in milliseconds. */
export interface SessionTimes {
  readonly open: number;
  /** Some open response has not shown anything yet. */
  readonly unanswered: boolean;
  /** Age of the oldest open response. */
  readonly oldest: number;
  /** Since the last message either way. */
  readonly quiet: number;
  /** Since the upstream last showed a sign while it owed one. */
  readonly silent: number;
  /** Since the client last took anything while something waits for it; null = it keeps up. */
  readonly clientStalled: number | null;
  readonly upstreamStalled: number | null;
}

export type LimitReached =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'broken';
      readonly how: CommittedEnd;
      readonly failure: AttemptOutcome | null;
      /** Towards the client; null = it does not read and is cut. */
      readonly code: number | null;
      readonly reason: string;
    };

/** The first limit a connection is over, or null. Pure. */
export function limitReached(times: SessionTimes, config: AppConfig): LimitReached | null {
  const { upstream, server, websocket } = config;
  if (times.clientStalled !== null && times.clientStalled > server.clientStallTimeoutMs)
    return { kind: 'broken', how: 'stalled', failure: null, code: null, reason: '' };
  if (times.upstreamStalled !== null && times.upstreamStalled > upstream.idleTimeoutMs)
    return timedOut('idle_timeout', 'the upstream takes no more messages');
  if (times.open === 0) return times.quiet > websocket.idleTimeoutMs ? { kind: 'idle' } : null;
  // Before the total: where both have passed, who never answers is to be told from who answers at length.
  const patience = times.unanswered ? upstream.firstByteTimeoutMs : upstream.idleTimeoutMs;
  if (times.clientStalled === null && times.silent > patience)
    return timedOut(
      times.unanswered ? 'first_byte_timeout' : 'idle_timeout',
      `no message from the upstream for ${patience / 1000} s`,
    );
  if (times.oldest > upstream.totalTimeoutMs)
    return timedOut('total_timeout', `no complete response within ${upstream.totalTimeoutMs / 1000} s`);
  return null;
}

function timedOut(
  cause: 'first_byte_timeout' | 'idle_timeout' | 'total_timeout',
  message: string,
): LimitReached {
  return {
    kind: 'broken',
    how: 'cut',
    failure: { kind: 'lost', cause, message },
    code: 1011,
    reason: message,
  };
}
