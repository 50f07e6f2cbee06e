import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { steadyNow } from '../common/steady-now.js';
import type { AffinityConfig } from '../config/app-config.js';
import type { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import type { AffinityBinding, LiveState } from '../state/live-state.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import type { BindingLookup } from './affinity.js';
import { continuing } from './connection-choice.js';
import type { RoutingRequest } from './decide.js';
import { learnedBindings, type BindingOwner } from './learned-bindings.js';
import type { ServedFacts } from './lease.js';
import { ProvisionalBindings } from './provisional-bindings.js';
import { recallKeys } from './recall-keys.js';
import { type Reference, strangeReferences } from './references.js';
import { generates, type RoutingHints } from './routing-hints.js';
import { usageClaim } from './usage-claim.js';
import { stillWarm } from './warm-cache.js';

/** What the balancer remembers of who serves what: looked up, written while a request runs, learned from its answer. */
export class BindingKeeper {
  constructor(
    private readonly live: LiveState,
    private readonly registry: ResourceRegistry,
    private readonly config: AffinityConfig,
    private readonly clock: Clock,
  ) {}

  /** The bindings of the caller at a time (epoch ms); `madeBy` made the response that the request continues. */
  of(hints: RoutingHints, at: number, madeBy?: Resource): BindingLookup {
    const { callerId } = hints;
    const lookup: BindingLookup = (kind, id) => this.live.binding({ callerId, kind, id }, at);
    if (madeBy === undefined) return lookup;
    const organization = this.registry.organizationOf(madeBy);
    return continuing(lookup, hints, { fingerprint: madeBy.fingerprint, organization, at });
  }

  /**
   * Looks beyond this process for what the request refers to; null = there is nothing to look for. Rejects with
   * `affinity_unavailable`, made whole by `refusal`, where only the owner can serve it and nobody can be asked who that is.
   */
  recall(hints: RoutingHints, refusal: (why: ProxyError) => ProxyError = (why) => why): Promise<void> | null {
    const now = this.#now();
    const keys = recallKeys(hints, this.of(hints, now));
    const recalled = keys.length === 0 ? null : this.live.recall(keys, now, hints.tenant);
    return recalled === null ? null : this.#refuseGuesses(recalled, hints, refusal);
  }

  strangeReferences(hints: RoutingHints): readonly Reference[] {
    return strangeReferences(hints, this.of(hints, this.#now()));
  }

  /** A wrong key would answer that it has never heard of it, and the client would take that for the truth. */
  async #refuseGuesses(
    recalled: Promise<boolean>,
    { tenant }: RoutingHints,
    refusal: (why: ProxyError) => ProxyError,
  ): Promise<void> {
    const known = await recalled;
    if (known || (!tenant && this.registry.snapshot.resources.length < 2)) return;
    throw refusal(
      new ProxyError(
        'affinity_unavailable',
        'Which key holds what this request continues cannot be looked up now: the database does not answer, or has not got the latest records yet. Send it again.',
        { retryAfterSeconds: 1 },
      ),
    );
  }

  /** Bindings from before this process. What is known here already is newer; it stays, and so does its place. */
  restore(bindings: readonly AffinityBinding[]): void {
    const now = this.#now();
    const room = Math.max(0, this.config.maxEntries - this.live.bindingCount);
    const wanted = bindings
      .filter((binding) => binding.expiresAt > now && this.live.binding(binding, now) === null)
      .sort((a, b) => b.boundAt - a.boundAt)
      .slice(0, room);
    // Oldest first, so that the oldest are the first to go.
    for (const binding of wanted.reverse()) this.live.remember(binding);
    this.live.touch();
  }

  /**
   * The first of a session's requests decides for those that follow before it is answered. What must or should go
   * elsewhere for a reason of its own leaves the session where it is.
   */
  provisional({ hints, affinity }: RoutingRequest, resource: Resource): ProvisionalBindings | null {
    if (
      affinity.owner !== null &&
      affinity.owner.fingerprint === resource.fingerprint &&
      affinity.rule === 'prefer'
    )
      return null;
    const { fingerprint } = resource;
    const organization = this.registry.organizationOf(resource);
    const owner = { fingerprint, organization, at: this.#now() };
    return ProvisionalBindings.write(this.live, hints, owner, this.config.sessionTtlMs);
  }

  /** The request came to nothing: what it bound in advance goes. */
  takeBack(provisional: ProvisionalBindings | null, outcome: AttemptOutcome): void {
    provisional?.takeBack(this.live, outcome, this.#now());
  }

  /** Writes down what the answer tells, and answers it for the record. */
  learn(
    { hints, affinity, warm }: RoutingRequest,
    resource: Resource,
    facts: ServedFacts,
  ): readonly AffinityBinding[] {
    if (facts.organization !== null) this.registry.learnOrganization(resource.id, facts.organization);
    const { fingerprint } = resource;
    const owner = {
      fingerprint,
      organization: this.registry.organizationOf(resource),
      at: this.#now(),
    };
    const told = generates(hints) ? stillWarm(facts, warm, resource) : null;
    const cached = told ?? this.#cachedBefore(hints, owner);
    const learned = learnedBindings(hints, affinity, facts, owner, cached, this.config);
    const claim = usageClaim(hints, facts, owner, this.config.responseTtlMs, (id) =>
      this.live.binding({ callerId: hints.callerId, kind: 'usage', id }, owner.at),
    );
    if (claim !== null) learned.push(claim);
    for (const binding of learned) this.live.bind(binding);
    return learned;
  }

  /** Of an answer that does not tell: what was known of this key stands. */
  #cachedBefore({ callerId, sessionId, threadId }: RoutingHints, owner: BindingOwner): number | null {
    const key =
      sessionId === null
        ? ({ kind: 'thread', id: threadId } as const)
        : ({ kind: 'session', id: sessionId } as const);
    if (key.id === null) return null;
    const before = this.live.binding({ callerId, kind: key.kind, id: key.id }, owner.at);
    return before?.fingerprint === owner.fingerprint ? before.cachedTokens : null;
  }

  /** Epoch ms in whole ones: a stepped wall clock must not end a day's conversations at once. */
  #now(): number {
    return Math.round(steadyNow(this.clock));
  }
}
