import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import type { RateLimitFacts } from '../upstream/attempt-outcome.js';
import {
  isOver,
  NOTHING_KNOWN,
  NOTHING_SENT,
  rateLimitOf,
  remainingAt,
  type RateLimit,
  type Remaining,
  type Sent,
} from './rate-limit.js';
import { limitedModel, type RoutingHints } from './routing-hints.js';

/** Models are the clients' own words, so there may be any number of them. */
const MOST_REMEMBERED = 2_000;

/** The `x-ratelimit-*` of the last answer of each key for each model, and what has been sent there since. */
export class RateLimits {
  /** Insertion order is age: the first entry is the oldest word. */
  readonly #limits = new Map<string, RateLimit>();
  readonly #unanswered = new Map<string, Sent>();

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
    return remainingAt(limit, this.#unanswered.get(name) ?? NOTHING_SENT, now);
  }

  /** Counts a request that is sent, and what it may take. The returned function says that its answer has begun, or that none will come; once. */
  sent(fingerprint: string, model: string, tokens: number): () => void {
    const name = nameOf(fingerprint, model);
    const before = this.#unanswered.get(name) ?? NOTHING_SENT;
    this.#unanswered.set(name, { requests: before.requests + 1, tokens: before.tokens + tokens });
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const all = this.#unanswered.get(name) ?? NOTHING_SENT;
      if (all.requests <= 1) this.#unanswered.delete(name);
      else this.#unanswered.set(name, { requests: all.requests - 1, tokens: all.tokens - tokens });
    };
  }

  /** Counts the request. Returns what to call when its answer has begun, with what that says, and again when it is over. */
  watch(fingerprint: string, hints: RoutingHints, clock: Clock): (facts: RateLimitFacts | null) => void {
    const model = limitedModel(hints);
    if (model === null) return () => undefined;
    const answered = this.sent(fingerprint, model, hints.inputTokens);
    return (facts) => {
      answered();
      this.hear(fingerprint, hints, facts, steadyNow(clock));
    };
  }

  hear(fingerprint: string, hints: RoutingHints, facts: RateLimitFacts | null, at: number): void {
    const model = limitedModel(hints);
    if (facts !== null && model !== null) this.learn(fingerprint, model, facts, at);
  }

  /** `at`: when it was said. A later word stands. */
  learn(fingerprint: string, model: string, facts: RateLimitFacts, at: number): void {
    const limit = rateLimitOf(facts, at);
    if (limit === null) return;
    const name = nameOf(fingerprint, model);
    if ((this.#limits.get(name)?.at ?? at) > at) return;
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
