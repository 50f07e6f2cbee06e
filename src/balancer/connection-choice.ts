import type { BindingLookup } from './affinity.js';
import type { Resource } from '../resources/resource.js';
import type { Choice } from './decide.js';
import { bindingOf, type BindingOwner } from './learned-bindings.js';
import type { RoutingHints } from './routing-hints.js';

/** Far longer than any connection lives. */
const CONNECTION_MS = 86_400_000;

/**
 * The bindings as they are for a response that continues one of its own connection: that one is with the connection's
 * resource, be it stored or not, and nowhere else.
 */
export function continuing(lookup: BindingLookup, hints: RoutingHints, owner: BindingOwner): BindingLookup {
  return (kind, id) =>
    kind === 'response' && id === hints.previousResponseId
      ? bindingOf(hints, kind, id, owner, CONNECTION_MS)
      : lookup(kind, id);
}

/**
 * The choice as it is for a response of a connection that is already there: whatever would have been chosen, the
 * connection's own resource takes it. What stands against each candidate stays as it was found.
 */
export function holdTo(choice: Choice, resourceId: string): Extract<Choice, { kind: 'chosen' }> {
  const candidates = choice.candidates.map((candidate) => {
    const chosen = candidate.resourceId === resourceId;
    if (chosen) return { ...candidate, chosen, rejected: null };
    return { ...candidate, chosen, rejected: candidate.rejected ?? 'other_connection' };
  });
  return {
    kind: 'chosen',
    index: candidates.findIndex(({ chosen }) => chosen),
    reason: 'connection',
    usable: choice.kind === 'chosen' ? choice.usable : 0,
    candidates,
    ownerOverloaded: false,
    ownerLossy: false,
    keptWarm: false,
    keptIn: 0,
  };
}

/**
 * The same while its place is still to be had: a resource that is full has none for it, and one whose upstream asked for a
 * pause gets nothing before that is over, over a connection as little as otherwise. `now` and `pausedUntil` are `steadyNow`.
 */
export function onConnection(
  choice: Choice,
  { id, maxConcurrency }: Resource,
  now: number,
  pausedUntil: number | null,
): Choice {
  const held = holdTo(choice, id);
  const own = held.candidates[held.index];
  if (own === undefined) return held;
  const full = maxConcurrency !== null && own.inFlight >= maxConcurrency;
  if (!full && pausedUntil === null) return held;
  const why = pausedUntil === null ? 'at_capacity' : 'cooling';
  const candidates = held.candidates.map((candidate) => ({
    ...candidate,
    chosen: false,
    rejected: candidate === own ? why : 'other_connection',
  }));
  const reason = pausedUntil === null ? 'no_available_resources' : 'upstream_rate_limited';
  const dueAt = pausedUntil ?? now;
  return { kind: 'refused', reason, candidates, backAt: dueAt, freeAt: dueAt };
}
