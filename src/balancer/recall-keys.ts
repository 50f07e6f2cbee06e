import type { BindingKey, BindingKind } from '../state/live-state.js';
import { resolveAffinity, type Affinity, type BindingLookup } from './affinity.js';
import { referencesOf } from './references.js';
import { generates, type RoutingHints } from './routing-hints.js';

/** What decides goes before what only helps to. The claim on usage decides nothing and must not be passed over. */
const WEIGHT: Readonly<Record<BindingKind, number>> = {
  usage: 0,
  response: 1,
  conversation: 2,
  item: 3,
  sealed: 4,
  session: 5,
  thread: 6,
};

/**
 * The bindings a request hangs on and that are not known here, the weightiest first. None when what is known decides
 * already: nobody is asked for more than the decision needs.
 */
export function recallKeys(hints: RoutingHints, lookup: BindingLookup): readonly BindingKey[] {
  const { callerId, pathResponseId } = hints;
  const missed = new Map<string, BindingKey>();
  const miss = (kind: BindingKind, id: string): void =>
    void missed.set(`${kind} ${id}`, { callerId, kind, id });
  const affinity = resolveAffinity(hints, (kind, id) => {
    const found = lookup(kind, id);
    if (found === null) miss(kind, id);
    return found;
  });
  if (isDecided(affinity)) return hints.tenant ? unknownReferences(hints, lookup) : [];
  if (hints.tenant) for (const { kind, id } of unknownReferences(hints, lookup)) miss(kind, id);
  // Whoever may read a response first counts its tokens, wherever it was made.
  if (pathResponseId !== null && !generates(hints)) miss('usage', pathResponseId);
  return [...missed.values()].sort((a, b) => WEIGHT[a.kind] - WEIGHT[b.kind]);
}

/** Whatever decides: each of them must be the caller's. */
function unknownReferences(hints: RoutingHints, lookup: BindingLookup): readonly BindingKey[] {
  const { callerId } = hints;
  return referencesOf(hints)
    .filter(({ kind, id }) => lookup(kind, id) === null)
    .map(({ kind, id }) => ({ callerId, kind, id }));
}

function isDecided({ class: affinityClass, owner, unknownOwner, via }: Affinity): boolean {
  if (affinityClass === 'free') return true;
  if (affinityClass === 'soft') return owner !== null;
  return !unknownOwner && via === null;
}
