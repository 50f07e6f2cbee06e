import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import {
  HEALTH_REPORTER,
  HEALTH_VIEW,
  type HealthReporter,
  type HealthView,
} from '../health/resource-health.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import {
  LIVE_STATE,
  type AffinityBinding,
  type DecisionRecord,
  type LiveState,
} from '../state/live-state.js';
import type { RateLimitFacts } from '../upstream/attempt-outcome.js';
import { resolveAffinity } from './affinity.js';
import { BalancerLease } from './balancer-lease.js';
import { BindingKeeper } from './binding-keeper.js';
import { holdTo, onConnection } from './connection-choice.js';
import { codeOf, decisionOf } from './decision-of.js';
import { decide, type Choice, type RoutingRequest, type RoutingWorld } from './decide.js';
import { explainChoice, waitNote } from './explanation.js';
import type { Lease } from './lease.js';
import { othersOf, type Others } from './others.js';
import { outlookOf, type Outlook } from './outlook.js';
import { ownerPatience } from './owner-wait.js';
import { NO_PATIENCE, type Patience } from './patience.js';
import { RateLimits } from './rate-limits.js';
import type { Reference } from './references.js';
import { refusalOf, type Refusal } from './refusal-text.js';
import { refusedRecall } from './refused-recall.js';
import { generates, upstreamModel, type RoutingHints } from './routing-hints.js';
import { RoutingRefusal } from './routing-refusal.js';
import { warmCache } from './warm-cache.js';

interface Asked {
  readonly hints: RoutingHints;
  readonly tried: readonly string[];
  readonly attempt: number;
  readonly patience: Patience;
  /** As of `RoutingRequest`, where it is not the patience that says so. */
  readonly waitUntil?: number;
  /** Who made what it continues, where its connection knows better than the bindings. */
  readonly madeBy?: Resource;
}

interface Chosen {
  readonly world: RoutingWorld;
  readonly request: RoutingRequest;
  readonly choice: Choice;
}

const AT_FIRST = { tried: [], attempt: 1, patience: NO_PATIENCE } as const;

/** What is known of a response when it asks for a place on its connection's resource. */
interface ConnectionTerms {
  /** The decision that chose the connection, for the response it was made for. */
  readonly made?: DecisionRecord | null;
  /** It goes on from a response of this very connection. */
  readonly continues?: boolean;
  /** The upstream has begun it: there is nothing left to refuse. */
  readonly begun?: boolean;
  readonly patience?: Patience;
}

interface Decided {
  readonly request: RoutingRequest;
  readonly choice: Choice;
  readonly decision: DecisionRecord;
  readonly refusal: Refusal | null;
  readonly resource: Resource | null;
}

/** Hands out places on resources. Synchronous, from this process's own memory; the deciding itself is in `decide`. */
@Injectable()
export class Balancer {
  readonly #rateLimits = new RateLimits();
  readonly #bindings: BindingKeeper;
  /** Replaced in tests. */
  random: () => number = Math.random;

  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly registry: ResourceRegistry,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    @Inject(HEALTH_VIEW) private readonly health: HealthView,
    @Inject(HEALTH_REPORTER) private readonly reporter: HealthReporter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#bindings = new BindingKeeper(live, registry, config.affinity, clock);
  }

  /**
   * `tried` are resource ids, `attempt` counts from 1. Throws `RoutingRefusal` when nobody can serve the request. One
   * that its caller is going to wait for is no decision yet and not remembered.
   */
  acquire(
    hints: RoutingHints,
    tried: readonly string[],
    attempt: number,
    patience: Patience = NO_PATIENCE,
  ): Lease {
    const startedAt = steadyNow(this.clock);
    return this.#grant(this.#decide({ hints, tried, attempt, patience }, startedAt), patience, startedAt);
  }

  /**
   * A place for one response on the resource its WebSocket connection goes to. The decision tells how it stands beside
   * the others all the same. Throws as `acquire` does when that resource has none, whoever else may have one.
   */
  acquireOn(resource: Resource, hints: RoutingHints, terms: ConnectionTerms): Lease {
    const { made = null, begun = false, patience = NO_PATIENCE } = terms;
    const startedAt = steadyNow(this.clock);
    const chosen = this.#chooseOn(resource, hints, terms, startedAt);
    if (made !== null) return this.#lease(chosen.request, resource, made, startedAt);
    const choice = begun ? holdTo(chosen.choice, resource.id) : chosen.choice;
    return this.#grant(this.#conclude({ ...chosen, choice }, patience, resource), patience, startedAt);
  }

  /** The same for `acquireOn`: whether it would have a place now, and if not, when it may. */
  outlookOn(resource: Resource, hints: RoutingHints): Outlook {
    return outlookOf(this.#chooseOn(resource, hints, {}, steadyNow(this.clock)).choice);
  }

  #chooseOn(
    resource: Resource,
    hints: RoutingHints,
    { continues = false }: ConnectionTerms,
    now: number,
  ): Chosen {
    const chosen = this.#choose({ hints, ...AT_FIRST, ...(continues ? { madeBy: resource } : {}) }, now);
    return { ...chosen, choice: onConnection(chosen.choice, resource, now, this.pauseOf(resource.id)) };
  }

  #grant(
    { choice, decision, refusal, resource, request }: Decided,
    patience: Patience,
    startedAt: number,
  ): Lease {
    if (resource === null) {
      const { message, ...options } = refusal ?? { message: decision.explanation };
      const freeAt = choice.kind === 'refused' ? choice.freeAt : null;
      const refused = new RoutingRefusal(codeOf(decision), message, options, decision, freeAt);
      if (!refused.endsBy(patience.until)) this.live.rememberDecision(decision);
      throw refused;
    }
    this.live.rememberDecision(decision);
    return this.#lease(request, resource, decision, startedAt);
  }

  #lease(request: RoutingRequest, resource: Resource, decision: DecisionRecord, startedAt: number): Lease {
    const { hints } = request;
    const leave = this.live.enter(resource.id);
    this.reporter.admitted(resource.id);
    const limit = this.#rateLimits.watch(resource.fingerprint, hints, this.clock);
    const provisional = this.#bindings.provisional(request, resource);
    return new BalancerLease(resource, decision, limit, (outcome, served) => {
      leave();
      limit(null);
      this.reporter.report(resource.id, upstreamModel(hints), outcome, startedAt, generates(hints));
      if (served === undefined) {
        this.#bindings.takeBack(provisional, outcome);
        return [];
      }
      return this.#bindings.learn(request, resource, served);
    });
  }

  /**
   * To be awaited before `acquire`: looks for what the request refers to and this process does not know. Null = go on at
   * once. Bounded in time; rejects with a `RoutingRefusal` where only the owner can serve it and nobody says who that is.
   */
  recall(hints: RoutingHints): Promise<void> | null {
    return this.#bindings.recall(hints, (why) => refusedRecall(this.explain(hints), why));
  }

  /** What the request refers to and its caller does not own, after `recall`. */
  strangeReferences(hints: RoutingHints): readonly Reference[] {
    return this.#bindings.strangeReferences(hints);
  }

  /** The decision that `acquire` would make now for a request that may wait, without its effects. */
  explain(hints: RoutingHints): DecisionRecord {
    const now = steadyNow(this.clock);
    return this.#decide({ hints, ...AT_FIRST, waitUntil: now + this.config.wait.budgetMs }, now).decision;
  }

  /** Whether `acquire` would have a place now, and if not, when it may. Cheap, and without effects. */
  outlook(
    hints: RoutingHints,
    tried: readonly string[],
    attempt: number,
    patience: Patience = NO_PATIENCE,
  ): Outlook {
    const asked = { hints, tried, attempt, patience };
    return outlookOf(this.#choose(asked, steadyNow(this.clock)).choice);
  }

  /** Whether the resource may not serve the request now and somebody else could, who has not failed himself. */
  mayLeave({ id, maxConcurrency }: Resource, hints: RoutingHints): boolean {
    const full = maxConcurrency !== null && this.live.inFlight(id) >= maxConcurrency;
    if (!full && this.health.refusal(id, upstreamModel(hints), steadyNow(this.clock)) === null) return false;
    return this.outlook(hints, [id], 2).ready;
  }

  /** What those who have not been tried could do for the request; null = nobody is due. Without effects. */
  others(hints: RoutingHints, tried: readonly string[]): Others | null {
    // Not as a first attempt: those take whom they can get when nobody is well.
    const asked = { hints, tried, attempt: 2, patience: NO_PATIENCE };
    const { world, request, choice } = this.#choose(asked, steadyNow(this.clock));
    return othersOf(world, request, choice);
  }

  /** What the upstream said is left of a key's limits for the request's model. `at`: when it did, `steadyNow`. */
  heard({ fingerprint }: Resource, hints: RoutingHints, facts: RateLimitFacts | null, at: number): void {
    this.#rateLimits.hear(fingerprint, hints, facts, at);
  }

  /** Whoever goes to the same address: what is so of the upstream, and not of a key, is so of all of them. */
  besides({ baseUrl }: Resource): readonly string[] {
    return this.registry.snapshot.resources.filter((one) => one.baseUrl === baseUrl).map(({ id }) => id);
  }

  /** When the pause ends that the upstream asked for, `steadyNow`: whoever was turned away may come back then; null = none. */
  pauseOf(resourceId: string): number | null {
    const refusal = this.health.refusal(resourceId, null, steadyNow(this.clock));
    return refusal?.reason === 'cooling' ? refusal.until : null;
  }

  /** Resources of one group are of one organisation, as far as is known. */
  groupOf(resource: Resource): string {
    return this.registry.groupOf(resource);
  }

  /** Keys of another organisation have refused the same request with the same code: it is no fault of this one. */
  acquit(resourceId: string, code: string): void {
    this.reporter.acquit(resourceId, code);
  }

  /** Called after anything that may have made a place free. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void {
    return this.live.subscribe(listener);
  }

  /** Bindings from before this process, any order. What is known here already is newer; it stays, and so does its place. */
  restore(bindings: readonly AffinityBinding[]): void {
    this.#bindings.restore(bindings);
  }

  #decide(asked: Asked, now: number): Decided {
    return this.#conclude(this.#choose(asked, now), asked.patience, null);
  }

  /** `held`: the resource of its connection, which may have left the snapshot. */
  #conclude({ world, request, choice }: Chosen, { waitedMs }: Patience, held: Resource | null): Decided {
    const at = this.clock.now();
    const refusal =
      choice.kind === 'chosen'
        ? null
        : refusalOf(world, request, choice.reason, choice.candidates, choice.backAt);
    const resource =
      choice.kind === 'chosen' ? (held ?? world.snapshot.resources[choice.index] ?? null) : null;
    const explanation =
      choice.kind === 'chosen' && resource !== null
        ? explainChoice(choice, request, resource)
        : `${refusal?.message ?? ''}${waitNote(choice, request)}`;
    const decision = decisionOf(request, choice, explanation, resource, at, waitedMs);
    return { request, choice, decision, refusal, resource };
  }

  #choose(
    { hints, tried, attempt, patience, waitUntil = patience.until, madeBy }: Asked,
    now: number,
  ): Chosen {
    const at = Math.round(now);
    const affinity = resolveAffinity(hints, this.#bindings.of(hints, at, madeBy));
    const world: RoutingWorld = {
      snapshot: this.registry.snapshot,
      organizations: this.registry,
      health: this.health,
      rateLimits: this.#rateLimits,
      live: this.live,
      sharedInOrganization: this.config.affinity.sharedInOrganization,
      retry5xx: this.config.retry5xx,
      random: this.random,
      now,
    };
    const ownerUntil = ownerPatience(now, patience.waitedMs, patience.until);
    const warm = warmCache(affinity.home, at);
    const request = { hints, affinity, warm, tried, attempt, ownerUntil, waitUntil };
    return { world, request, choice: decide(world, request) };
  }
}
