import type { AffinityBinding } from '../state/live-state.js';
import { bindingOf, type BindingOwner } from './learned-bindings.js';
import type { ServedFacts } from './lease.js';
import { generates, type RoutingHints } from './routing-hints.js';

/**
 * Tokens are counted once per response. A request that runs the model counts what its answer tells. A stored response
 * carries its usage in every later answer about it, which is the same usage again and counts for nothing, but for one
 * case: a background response is answered before it has run. Its id is then kept as a claim, a binding of the kind
 * `usage`, and the first answer about it that tells its usage redeems the claim and counts.
 *
 * As a binding the claim has everything it needs: it belongs to the caller, is bounded in number and in time, is
 * recorded with the request that made it and restored after a restart; and it is redeemed in the very record that
 * counts, by a binding that has expired when it is made. It decides nothing, so that its organisation would be of no use:
 * there stands the model that was asked for, which whoever reads the response does not name and its price may hang on.
 */
export function usageClaim(
  hints: RoutingHints,
  facts: ServedFacts,
  owner: BindingOwner,
  ttlMs: number,
  find: (responseId: string) => AffinityBinding | null,
): AffinityBinding | null {
  const { responseId, hasUsage } = facts;
  if (responseId === null) return null;
  const claim = (asked: string | null, forMs: number): AffinityBinding =>
    bindingOf(hints, 'usage', responseId, { ...owner, organization: asked }, forMs);
  if (generates(hints)) return hints.background && !hasUsage ? claim(askedFor(hints, []), ttlMs) : null;
  if (!hasUsage || hints.pathResponseId !== responseId) return null;
  const made = find(responseId);
  return made === null ? null : claim(made.organization, 0);
}

/** Whether usage told by an answer is this request's own. `bindings`: what the answer taught. */
export function countsUsage(hints: RoutingHints, bindings: readonly AffinityBinding[]): boolean {
  return generates(hints) || redeemed(bindings) !== null;
}

/**
 * The model, or alias, that usage is of: as the request names it, or as the one did whose claim it redeems. Sent as one of
 * the fallbacks of what was asked for, it is that one.
 */
export function askedFor(
  hints: Pick<RoutingHints, 'alias' | 'model'> | null,
  bindings: readonly AffinityBinding[],
): string | null {
  return hints?.alias?.alias ?? hints?.model ?? redeemed(bindings)?.organization ?? null;
}

function redeemed(bindings: readonly AffinityBinding[]): AffinityBinding | null {
  return bindings.find(({ kind, boundAt, expiresAt }) => kind === 'usage' && expiresAt <= boundAt) ?? null;
}
