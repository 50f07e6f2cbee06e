import type { Resource } from '../resources/resource.js';
import type { AffinityBinding } from '../state/live-state.js';

/** The longest that upstreams keep the cache of an idle prompt. After that nothing is known of it. */
const CACHE_LASTS_MS = 24 * 60 * 60 * 1000;

/** What the key that served a session last has cached of its prompt. */
export interface WarmCache {
  readonly fingerprint: string;
  readonly organization: string | null;
  /** As the last answer told it; null = not known. */
  readonly cachedTokens: number | null;
}

/** `home`: the binding of the session, `at`: epoch ms. */
export function warmCache(home: AffinityBinding | null, at: number): WarmCache | null {
  if (home === null) return null;
  const { fingerprint, organization, boundAt } = home;
  // Bindings that an earlier version recorded say nothing of it.
  const cachedTokens = at - boundAt <= CACHE_LASTS_MS ? (home.cachedTokens ?? null) : null;
  return { fingerprint, organization, cachedTokens };
}

/** What is lost where `chosen` finds nothing cached; null when the session stays, or nobody knows. */
export function tokensAtStake(warm: WarmCache | null, chosen: Resource | null): number | null {
  if (warm === null || chosen === null || chosen.fingerprint === warm.fingerprint) return null;
  return warm.cachedTokens;
}
