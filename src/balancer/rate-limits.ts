import type { RateLimitFacts } from '../upstream/attempt-outcome.js';
import {
  isOver,
  NOTHING_KNOWN,
  rateLimitOf,
  remainingAt,
  type RateLimit,
  type Remaining,
} from './rate-limit.js';

/** Models are the clients' own words, so there may be any number of them. */
const MOST_REMEMBERED = 2_000;

/** The `x-ratelimit-*` of the last answer of each key for each model, and what has been sent there since. */
export class RateLimits {
  /** Insertion order is age: the first entry is the oldest word. */
  readonly #limits = new Map<string, RateLimit>();
  readonly #unanswered = new Map<string, number>();

  constructor(private readonly most = MOST_REMEMBERED) {}

  get size(): number {
    return this.#limits.size;
  }

  remaining(fingerprint: string, model: string | null, now: number): Remaining {
    if (this.#limits.size === 0 || model === null) return NOTHING_KNOWN;
    const name = nameOf(fingerprint, model);
    const limit = this.#limits.get(name);
    if (limit === undefined) return NOTHING_KNOWN;
    if (isOver(limit, now)) {
      this.#limits.delete(name);
      return NOTHING_KNOWN;
    }
    return remainingAt(limit, this.#unanswered.get(name) ?? 0, now);
  }

  /** Counts a request that is sent. The returned function says that its answer has begun, or that none will come; once. */
  sent(fingerprint: string, model: string): () => void {
    const name = nameOf(fingerprint, model);
    this.#unanswered.set(name, (this.#unanswered.get(name) ?? 0) + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const others = (this.#unanswered.get(name) ?? 1) - 1;
      if (others > 0) this.#unanswered.set(name, others);
      else this.#unanswered.delete(name);
    };
  }

  learn(fingerprint: string, model: string, facts: RateLimitFacts, now: number): void {
    const limit = rateLimitOf(facts, now);
    if (limit === null) return;
    const name = nameOf(fingerprint, model);
    this.#limits.delete(name);
    this.#limits.set(name, limit);
    if (this.#limits.size <= this.most) return;
    for (const oldest of this.#limits.keys()) {
      this.#limits.delete(oldest);
      return;
    }
  }
}

/** Fingerprints are hexadecimal: no two pairs share a name. */
function nameOf(fingerprint: string, model: string): string {
  return `${fingerprint} ${model}`;
}
