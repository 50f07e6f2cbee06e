import type { BindingKind } from '../state/live-state.js';
import type { BindingLookup } from './affinity.js';
import type { RouteKind, RoutingHints } from './routing-hints.js';

/** Something stored upstream that a request names. */
export interface Reference {
  readonly kind: BindingKind;
  readonly id: string;
  /** Field that names it; absent = the path. */
  readonly param?: string;
}

/** Field in which a request of this kind names items. */
export function itemsField(kind: RouteKind): 'input' | 'items' {
  return kind === 'conversation' || kind === 'conversations' ? 'items' : 'input';
}

export function referencesOf(hints: RoutingHints): readonly Reference[] {
  const { pathResponseId, previousResponseId, conversationId, itemReferenceIds, routeKind } = hints;
  const found: Reference[] = [];
  if (pathResponseId !== null) found.push({ kind: 'response', id: pathResponseId });
  if (previousResponseId !== null)
    found.push({ kind: 'response', id: previousResponseId, param: 'previous_response_id' });
  if (conversationId !== null) {
    const named = routeKind === 'conversation' ? {} : { param: 'conversation' };
    found.push({ kind: 'conversation', id: conversationId, ...named });
  }
  for (const id of itemReferenceIds) found.push({ kind: 'item', id, param: itemsField(routeKind) });
  // Told of by an item, and bound as one.
  for (const id of hints.containerIds) found.push({ kind: 'item', id, param: 'tools' });
  return found;
}

/** References to what is not known to be the caller's. All callers share the upstream's account: it would answer. */
export function strangeReferences(hints: RoutingHints, lookup: BindingLookup): readonly Reference[] {
  if (!hints.tenant) return [];
  return referencesOf(hints).filter(({ kind, id }) => lookup(kind, id) === null);
}
