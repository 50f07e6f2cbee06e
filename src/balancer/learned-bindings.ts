import type { AffinityConfig } from '../config/app-config.js';
import type { AffinityBinding, BindingKind } from '../state/live-state.js';
import type { Affinity } from './affinity.js';
import type { ServedFacts } from './lease.js';
import type { RoutingHints } from './routing-hints.js';

/** Who served, when: what every binding of one answer has in common. */
export interface BindingOwner {
  readonly fingerprint: string;
  readonly organization: string | null;
  /** Epoch ms. */
  readonly at: number;
}

export function bindingOf(
  hints: RoutingHints,
  kind: BindingKind,
  id: string,
  owner: BindingOwner,
  ttlMs: number,
  cachedTokens: number | null = null,
): AffinityBinding {
  const { fingerprint, organization, at } = owner;
  return {
    callerId: hints.callerId,
    kind,
    id,
    fingerprint,
    organization,
    cachedTokens,
    boundAt: at,
    expiresAt: at + ttlMs,
  };
}

/**
 * What a served exchange proves, to be remembered for the next turn. References whose owner was unknown count, too:
 * the resource that served them owns them. The ids of a response that the upstream was told not to store, and of its items,
 * can never be referred to and are left out, so that the ids of a busy fleet do not push idle sessions out of memory.
 * `cachedTokens`: what the session may have cached with its owner now.
 */
export function learnedBindings(
  hints: RoutingHints,
  affinity: Affinity,
  facts: ServedFacts,
  owner: BindingOwner,
  cachedTokens: number | null,
  { sessionTtlMs, responseTtlMs }: AffinityConfig,
): AffinityBinding[] {
  const learned: AffinityBinding[] = [];
  const add = (kind: BindingKind, id: string | null, ttlMs: number, cached: number | null = null): void => {
    if (id !== null && id !== '') learned.push(bindingOf(hints, kind, id, owner, ttlMs, cached));
  };
  const made = madeIds(hints, facts);
  const stored = hints.store !== false || hints.background;
  if (stored) {
    add('response', made.responseId ?? hints.pathResponseId, responseTtlMs);
    for (const id of made.itemIds) add('item', id, responseTtlMs);
  }
  for (const id of shownItems(hints, facts)) add('item', id, responseTtlMs);
  // A tenant's are known to be its own already; a long history would have hundreds of them written on every turn.
  if (!hints.tenant) for (const id of hints.itemReferenceIds) add('item', id, responseTtlMs);
  if (affinity.unknownOwner) add('response', hints.previousResponseId, responseTtlMs);
  add('conversation', made.conversationId ?? hints.conversationId, responseTtlMs);
  add('session', hints.sessionId, sessionTtlMs, cachedTokens);
  add('thread', hints.threadId, sessionTtlMs, cachedTokens);
  for (const digest of facts.sealedDigests) add('sealed', digest, responseTtlMs);
  const newest = hints.sealedDigests.at(-1);
  // Served: its organisation can read what came in. The newest item is the one looked up first.
  if (newest !== undefined) add('sealed', newest, responseTtlMs);
  return learned;
}

/**
 * A conversation shows what its caller wrote, which may look like anything; and a compaction repeats messages of its
 * input. A tenant's items are those the model made.
 */
function madeIds(
  { routeKind, tenant }: RoutingHints,
  facts: ServedFacts,
): Pick<ServedFacts, 'responseId' | 'conversationId' | 'itemIds'> {
  if (routeKind === 'conversation') return { responseId: null, conversationId: null, itemIds: [] };
  const ofModel = routeKind === 'create' || routeKind === 'response';
  return tenant && !ofModel ? { ...facts, itemIds: [] } : facts;
}

/**
 * Items that a list shows belong with what they are part of. A tenant's only where the upstream has just named them: who
 * writes an item may choose its id, and a list would show a stranger's id as if it were the tenant's own.
 */
function shownItems(
  { routeKind, tenant, addsItems }: RoutingHints,
  { listedIds }: ServedFacts,
): readonly string[] {
  if (routeKind !== 'response' && routeKind !== 'conversation') return [];
  return tenant && !addsItems ? [] : listedIds;
}
