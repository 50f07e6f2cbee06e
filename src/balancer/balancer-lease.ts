import type { Resource } from '../resources/resource.js';
import type { AffinityBinding, DecisionRecord } from '../state/live-state.js';
import type { AttemptOutcome, RateLimitFacts } from '../upstream/attempt-outcome.js';
import type { Lease, ServedFacts } from './lease.js';

type OnAnswer = (rateLimit: RateLimitFacts | null) => void;
type OnRelease = (outcome: AttemptOutcome, served: ServedFacts | undefined) => readonly AffinityBinding[];

/** A lease that is given back once, however often it is released. */
export class BalancerLease implements Lease {
  #onRelease: OnRelease | null;

  constructor(
    readonly resource: Resource,
    readonly decision: DecisionRecord,
    private readonly onAnswer: OnAnswer,
    onRelease: OnRelease,
  ) {
    this.#onRelease = onRelease;
  }

  answered(rateLimit: RateLimitFacts | null): void {
    this.onAnswer(rateLimit);
  }

  release(outcome: AttemptOutcome, served?: ServedFacts): readonly AffinityBinding[] {
    const onRelease = this.#onRelease;
    this.#onRelease = null;
    return onRelease === null ? [] : onRelease(outcome, served);
  }
}
