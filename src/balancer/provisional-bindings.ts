import type { AffinityBinding, BindingKind, LiveState } from '../state/live-state.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { bindingOf, type BindingOwner } from './learned-bindings.js';
import type { RoutingHints } from './routing-hints.js';

/**
 * Bindings written when a request is sent, before anything is known of the answer, so that a session's first parallel
 * burst lands together. Taken back when the resource turned the request down: what it has not served it does not own, and
 * the session is where it was before.
 */
export class ProvisionalBindings {
  readonly #written: { readonly binding: AffinityBinding; readonly before: AffinityBinding | null }[] = [];

  /** Null when there is nothing to bind: no session, or it is bound to this very key already. */
  static write(
    live: LiveState,
    hints: RoutingHints,
    owner: BindingOwner,
    ttlMs: number,
  ): ProvisionalBindings | null {
    if (hints.sessionId === null && hints.threadId === null) return null;
    const bindings = new ProvisionalBindings();
    bindings.#write(live, hints, 'session', hints.sessionId, owner, ttlMs);
    bindings.#write(live, hints, 'thread', hints.threadId, owner, ttlMs);
    return bindings.#written.length === 0 ? null : bindings;
  }

  /** `now` is epoch ms. */
  takeBack(live: LiveState, outcome: AttemptOutcome, now: number): void {
    if (outcome.kind !== 'answered' && outcome.kind !== 'unsent' && outcome.kind !== 'lost') return;
    for (const { binding, before } of this.#written) {
      // Somebody else's since, or confirmed by another exchange of the same session: not ours to take.
      if (live.binding(binding, now) !== binding) continue;
      // Later than what it takes back: other processes go by the newest word.
      const boundAt = Math.max(now, binding.boundAt + 1);
      live.bind(before === null ? { ...binding, expiresAt: binding.boundAt } : { ...before, boundAt });
    }
  }

  #write(
    live: LiveState,
    hints: RoutingHints,
    kind: BindingKind,
    id: string | null,
    owner: BindingOwner,
    ttlMs: number,
  ): void {
    if (id === null) return;
    const bound = live.binding({ callerId: hints.callerId, kind, id }, owner.at);
    // An older home in another organisation stays until somewhere else has served: its content may be sealed there.
    if (bound !== null && (bound.fingerprint === owner.fingerprint || !sameOrganization(bound, owner)))
      return;
    const binding = bindingOf(hints, kind, id, owner, ttlMs);
    live.bind(binding);
    this.#written.push({ binding, before: bound });
  }
}

function sameOrganization(bound: AffinityBinding, owner: BindingOwner): boolean {
  return bound.organization !== null && bound.organization === owner.organization;
}
