import type { Resource } from '../resources/resource.js';
import type { AffinityBinding } from '../state/live-state.js';
import type { ServedFacts } from './lease.js';

/** The longest that upstreams keep the cache of an idle prompt. After that nothing is known of it. */
const CACHE_LASTS_MS = 24 * 60 * 60 * 1000;

/** Prompts below this are not cached. */
const SMALLEST_CACHED = 1_024;

/** What the key that served a session last may have cached of its prompt. */
export interface WarmCache {
  readonly fingerprint: string;
  readonly organization: string | null;
  /** The most that its last answer lets one expect; null = not known. */
  readonly cachedTokens: number | null;
}

export interface PromptTokens {
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly cacheWriteTokens: number | null;
}

/**
 * What an answer may have left in its key's cache: what came from there, what was written, or the prompt itself, which the
 * next turn begins with. A first turn finds nothing and leaves all of it. Null where the upstream tells nothing of a cache.
 */
export function leftWarm(usage: PromptTokens | null): number | null {
  if (usage === null || (usage.cachedTokens === null && usage.cacheWriteTokens === null)) return null;
  const prompt = usage.inputTokens ?? 0;
  const whole = prompt >= SMALLEST_CACHED ? prompt : 0;
  return Math.max(usage.cachedTokens ?? 0, usage.cacheWriteTokens ?? 0, whole);
}

/** The answer says that nothing of its prompt was cached, or written to a cache. */
export function isUncached(usage: PromptTokens | null): boolean {
  return usage?.cachedTokens === 0 && (usage.cacheWriteTokens ?? 0) === 0;
}

/**
 * What a session may have cached after an answer of a key; null = the answer does not tell. `warm`: what was known when it
 * was asked. An upstream where nothing is found of a prompt that had been there before keeps none.
 */
export function stillWarm(
  { cachedTokens, isUncached: foundNothing = false }: ServedFacts,
  warm: WarmCache | null,
  { fingerprint }: Pick<Resource, 'fingerprint'>,
): number | null {
  const expected = warm?.fingerprint === fingerprint ? warm.cachedTokens : null;
  if (cachedTokens === null || expected === null || !foundNothing) return cachedTokens;
  return cachedTokens >= expected ? 0 : cachedTokens;
}

/** `home`: the binding of the session, `at`: epoch ms. */
export function warmCache(home: AffinityBinding | null, at: number): WarmCache | null {
  if (home === null) return null;
  const { fingerprint, organization, boundAt } = home;
  // Bindings that an earlier version recorded say nothing of it.
  const cachedTokens = at - boundAt <= CACHE_LASTS_MS ? (home.cachedTokens ?? null) : null;
  return { fingerprint, organization, cachedTokens };
}

/** What may be lost, at most, where `chosen` finds nothing cached; null when the session stays, or nobody knows. */
export function tokensAtStake(warm: WarmCache | null, chosen: Resource | null): number | null {
  if (warm === null || chosen === null || chosen.fingerprint === warm.fingerprint) return null;
  return warm.cachedTokens;
}
