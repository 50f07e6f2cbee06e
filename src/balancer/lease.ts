import type { Resource } from '../resources/resource.js';
import type { AffinityBinding, DecisionRecord } from '../state/live-state.js';
import type { AttemptOutcome, RateLimitFacts } from '../upstream/attempt-outcome.js';

/** A place on a resource for one attempt. `release` must be called exactly once more than zero times: extra calls do nothing. */
export interface Lease {
  readonly resource: Resource;
  readonly decision: DecisionRecord;
  /** The answer has begun; its head may say what is left of the key's limits. */
  answered(rateLimit: RateLimitFacts | null): void;
  /**
   * Gives the place back and tells passive health how it went. `served` also writes the affinity bindings, which it
   * returns so that they can be recorded. Safe to call twice; the second call answers `[]`.
   */
  release(outcome: AttemptOutcome, served?: ServedFacts): readonly AffinityBinding[];
}

/** What an answered exchange taught: ids to remember for the next turn. */
export interface ServedFacts {
  readonly responseId: string | null;
  readonly conversationId: string | null;
  /** `openai-organization` answer header. */
  readonly organization: string | null;
  /** Digests of encrypted items in the answer, last 8. */
  readonly sealedDigests: readonly string[];
  /** Ids of the answer's items, last 1,024. */
  readonly itemIds: readonly string[];
  /** Ids that an answer shows in a list. */
  readonly listedIds: readonly string[];
  /** The answer told what it cost. */
  readonly hasUsage: boolean;
  /** What the answer may have left in the key's cache, at most; null = it does not tell. */
  readonly cachedTokens: number | null;
  /** It says that nothing of its prompt came from there, or went there. Left out = it does not. */
  readonly isUncached?: boolean;
}
