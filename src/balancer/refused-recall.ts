import type { ProxyError } from '../common/errors.js';
import type { CandidateRecord, DecisionRecord } from '../state/live-state.js';
import { RoutingRefusal } from './routing-refusal.js';

const RETRY_AFTER_S = 1;
/** Those that could have served it, had the owner not to be known first. */
const LOST_ONLY = new Set<string | null>([
  null,
  'higher_load',
  'tie_lost',
  'lost_to_affinity',
  'rate_limit_exhausted',
  'rate_limit_short',
  'just_lost',
]);

/** The decision not to guess who owns what a request refers to. `guess`: the decision there would be without asking. */
export function refusedRecall(guess: DecisionRecord, { message }: ProxyError): RoutingRefusal {
  const candidates = guess.candidates.map((one): CandidateRecord => ({
    ...one,
    chosen: false,
    rejected: LOST_ONLY.has(one.rejected) ? 'owner_unknown' : one.rejected,
  }));
  const reason = 'affinity_unavailable';
  return new RoutingRefusal(
    reason,
    message,
    { retryAfterSeconds: RETRY_AFTER_S },
    {
      ...guess,
      affinityResult: 'miss',
      resourceId: null,
      reason,
      explanation: message,
      cachedTokensAtStake: null,
      candidates,
    },
  );
}
