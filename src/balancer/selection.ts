import { isExhausted, isTooFew } from './rate-limit.js';
import type { CandidateRecord } from '../state/live-state.js';

/** A row of the candidate table while it is being filled in; `rejected === null` = may be chosen. */
export type Candidate = { -readonly [K in keyof CandidateRecord]: CandidateRecord[K] };

/** The preferred one may carry this much more than the best before it loses a request to it. */
const OVERLOAD_FACTOR = 2;
const OVERLOAD_SLACK = 16;
/** So many cached tokens are worth one more exchange in front. */
const TOKENS_PER_EXCHANGE = 1_000;
/** Nor is any cache worth any queue. */
const MOST_FOR_CACHE = 64;

/** Lower is better. One more than what is open, so that idle resources differ by weight. */
export function loadOf(inFlight: number, weight: number): number {
  return (inFlight + 1) / weight;
}

/**
 * Load of one that warms up (`warmth` below 1). Its small weight alone would leave it without a request as long as the
 * others are hardly busy; so, idle, it stands in line with its whole weight as often as it is warm.
 */
export function warmingLoad(inFlight: number, weight: number, warmth: number, random: () => number): number {
  const inLine = inFlight === 0 && random() < warmth;
  return loadOf(inFlight, inLine ? weight : weight * warmth);
}

/**
 * Index of the least loaded candidate that may be chosen, -1 if there is none. Among equals each is as likely as any
 * other (reservoir of one): otherwise a fleet that starts at once lands on the first key.
 */
export function leastLoaded(candidates: readonly Candidate[], random: () => number): number {
  let best = -1;
  let bestLoad = Infinity;
  let ties = 0;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (candidate === undefined || candidate.rejected !== null || candidate.load > bestLoad) continue;
    if (candidate.load < bestLoad) {
      best = i;
      bestLoad = candidate.load;
      ties = 1;
    } else if (random() * ++ties < 1) {
      best = i;
    }
  }
  return best;
}

export const RATE_LIMIT_SHORT = 'rate_limit_short';

/**
 * Rules out those whose limit is used up, and then those with fewer tokens left than this may take: a 429 that can be
 * foreseen is an attempt lost. What is too large for everybody goes to somebody all the same. See `avoid`.
 */
export function avoidExhausted(candidates: readonly Candidate[], usable: number, tokens: number): number {
  const unspent = avoid(candidates, usable, 'rate_limit_exhausted', nothingLeft);
  if (tokens === 0) return unspent;
  return avoid(candidates, unspent, RATE_LIMIT_SHORT, (one) => isTooFew(one.remainingTokens, tokens));
}

/**
 * Rules out those to be avoided, unless they are more than `atMost`: as long as somebody is left, where nothing is said.
 * Answers how many may still be chosen; `usable` is how many could before.
 */
export function avoid(
  candidates: readonly Candidate[],
  usable: number,
  rejected: string,
  isAvoided: (candidate: Candidate, index: number) => boolean,
  atMost = usable - 1,
): number {
  const avoided = candidates.filter((one, i) => one.rejected === null && isAvoided(one, i));
  if (avoided.length === 0 || avoided.length > atMost) return usable;
  for (const candidate of avoided) candidate.rejected = rejected;
  return usable - avoided.length;
}

function nothingLeft({ remainingRequests, remainingTokens }: Candidate): boolean {
  return isExhausted(remainingRequests, remainingTokens);
}

/**
 * More than twice the best load and sixteen exchanges per unit of weight on top, and one more for each thousand tokens
 * that may be cached there (64 at most): a warm cache is worth a queue, not any queue, and a session's
 * sub-agents should find it.
 */
export function overloaded(
  preferred: Pick<Candidate, 'load' | 'weight'>,
  best: Pick<Candidate, 'load'>,
  cachedTokens: number | null,
): boolean {
  const forCache = Math.min((cachedTokens ?? 0) / TOKENS_PER_EXCHANGE, MOST_FOR_CACHE);
  return preferred.load > OVERLOAD_FACTOR * best.load + (OVERLOAD_SLACK + forCache) / preferred.weight;
}

/** Marks the winner, and tells every other that could have served why it did not. */
export function settle(candidates: readonly Candidate[], chosen: number, byAffinity: boolean): void {
  const winner = candidates[chosen];
  if (winner === undefined) return;
  winner.chosen = true;
  winner.rejected = null;
  for (const candidate of candidates) {
    if (candidate === winner || candidate.rejected !== null) continue;
    if (byAffinity) candidate.rejected = 'lost_to_affinity';
    else candidate.rejected = candidate.load > winner.load ? 'higher_load' : 'tie_lost';
  }
}
