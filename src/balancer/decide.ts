import type { HealthView } from '../health/resource-health.js';
import type { OrganizationView } from '../resources/organization-view.js';
import type { Resource, ResourceSnapshot } from '../resources/resource.js';
import type { AffinityBinding, LiveState } from '../state/live-state.js';
import type { Affinity } from './affinity.js';
import { isOfAlias } from './alias-scope.js';
import { avoidLossy, JUST_LOST } from './just-lost.js';
import { keepHalf } from './kept-in.js';
import { lastResort } from './last-resort.js';
import { refuse } from './refuse.js';
import { limitedModel, upstreamModel, type RoutingHints } from './routing-hints.js';
import { ownerDue } from './owner-wait.js';
import type { RateLimits } from './rate-limits.js';
import type { WarmCache } from './warm-cache.js';
import {
  avoidExhausted,
  leastLoaded,
  loadOf,
  overloaded,
  settle,
  warmingLoad,
  type Candidate,
} from './selection.js';

/** Everything a decision looks at. All of it is in memory and none of it changes while it is looked at. */
export interface RoutingWorld {
  readonly snapshot: ResourceSnapshot;
  readonly organizations: OrganizationView;
  readonly health: HealthView;
  readonly rateLimits: Pick<RateLimits, 'remaining'>;
  readonly live: Pick<LiveState, 'inFlight'>;
  /** Stored responses may be served by any key of the owner's organisation. */
  readonly sharedInOrganization: boolean;
  /** `PROXY_RETRY_5XX`. */
  readonly retry5xx: boolean;
  readonly random: () => number;
  /** `steadyNow`. */
  readonly now: number;
}

export interface RoutingRequest {
  readonly hints: RoutingHints;
  readonly affinity: Affinity;
  readonly warm: WarmCache | null;
  /** Resource ids. */
  readonly tried: readonly string[];
  /** From 1. */
  readonly attempt: number;
  /** Steady time until which it would rather wait for its owner than go elsewhere. */
  readonly ownerUntil: number;
  /** Steady time until which it would rather wait for a pause to end than be risked on somebody who fails. */
  readonly waitUntil: number;
}

export type ChoiceReason =
  | 'affinity_hit'
  | 'organization_sibling'
  | 'least_connections'
  | 'only_candidate'
  | 'retry_elsewhere'
  /** More than half are out because of errors: the one whose pause ends first is tried beside those that are well. */
  | 'kept_in'
  /** Everybody is out because of errors: the one whose pause ends first is used all the same. */
  | 'last_resort'
  /** Everybody has refused the model before: the upstream is asked again, its answer is the client's. */
  | 'model_denied_everywhere'
  /** A later response of a WebSocket connection: it goes where the connection goes. */
  | 'connection';

/** Codes of the errors that clients hear. */
export type RefusalReason =
  | 'no_available_resources'
  /** Nothing but the upstream's own pauses keeps everybody from serving. */
  | 'upstream_rate_limited'
  | 'affinity_unavailable'
  /** Nobody who could continue it is left, or the upstream refuses the keys of all who could. */
  | 'affinity_lost';

/** The winner (index into `candidates` and into the snapshot), or why there is none. `candidates` is complete either way. */
export type Choice =
  | {
      readonly kind: 'chosen';
      readonly index: number;
      readonly reason: ChoiceReason;
      readonly usable: number;
      readonly candidates: Candidate[];
      /** Whether the preferred owner could have served and was too busy. */
      readonly ownerOverloaded: boolean;
      /** Whether the preferred owner is avoided for what it has just lost. */
      readonly ownerLossy: boolean;
      /** Whether the owner would have been too busy but for what it has cached. */
      readonly keptWarm: boolean;
      /** How many that fail are in use all the same, because more than half do. */
      readonly keptIn: number;
    }
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly candidates: Candidate[];
      /** Steady time at which the first of those that could serve it is back; null = nothing is due. */
      readonly backAt: number | null;
      /** The same for those that have not been tried: whoever waits until then has a chance. */
      readonly freeAt: number | null;
    };

export function decide(world: RoutingWorld, request: RoutingRequest): Choice {
  const { resources } = world.snapshot;
  const { owner, rule } = request.affinity;
  const bound = rule === 'owner' || rule === 'organization';
  const ownerGroup = bound && owner !== null ? groupOfBinding(world, owner) : '';
  const candidates: Candidate[] = [];
  let usable = 0;
  let preferred = -1;
  for (let i = 0; i < resources.length; i++) {
    const resource = resources[i] as Resource;
    const candidate = candidateOf(world, request, resource);
    candidate.rejected =
      outOfScope(world, request, resource, ownerGroup) ?? unusable(world, request, resource, candidate);
    if (candidate.rejected === null) usable++;
    if (owner !== null && owner.fingerprint === resource.fingerprint) preferred = i;
    candidates.push(candidate);
  }
  if (usable === 0) return nobodyFit(world, request, candidates, preferred);
  const due = ownerDue(world, request, candidates[preferred]);
  if (due !== null)
    return { kind: 'refused', reason: 'affinity_unavailable', candidates, backAt: due, freeAt: due };
  const unspent = avoidExhausted(candidates, usable, request.hints.inputTokens);
  avoidLossy(world, request, candidates, preferred, unspent);
  const kept = keepHalf(world, request, candidates);
  return choose(world, request, candidates, preferred, unspent + kept.size, kept);
}

/** The owner's group now, or, when its key is gone, as it was when the binding was made. */
function groupOfBinding(world: RoutingWorld, owner: AffinityBinding): string {
  const resource = world.snapshot.byFingerprint.get(owner.fingerprint);
  if (resource !== undefined) return world.organizations.groupOf(resource);
  return owner.organization ?? `key:${owner.fingerprint}`;
}

function candidateOf(world: RoutingWorld, { hints, warm }: RoutingRequest, resource: Resource): Candidate {
  const inFlight = world.live.inFlight(resource.id);
  const warmth = world.health.warmth(resource.id, world.now);
  const remaining = world.rateLimits.remaining(resource.fingerprint, limitedModel(hints), world.now);
  return {
    resourceId: resource.id,
    poolId: resource.poolId,
    organization: world.organizations.organizationOf(resource),
    weight: resource.weight * warmth,
    inFlight,
    load:
      warmth < 1
        ? warmingLoad(inFlight, resource.weight, warmth, world.random)
        : loadOf(inFlight, resource.weight),
    health: world.health.of(resource.id).status,
    remainingRequests: remaining.requests,
    remainingTokens: remaining.tokens,
    cachedTokens: warm !== null && warm.fingerprint === resource.fingerprint ? warm.cachedTokens : null,
    chosen: false,
    rejected: null,
  };
}

/** What no waiting changes: the pool asked for and what the request is bound to. */
function outOfScope(
  world: RoutingWorld,
  { hints, affinity }: RoutingRequest,
  resource: Resource,
  ownerGroup: string,
): string | null {
  if (!isOfAlias(hints.alias, resource)) return 'not_of_alias';
  if (hints.poolId !== null && resource.poolId !== hints.poolId) return 'other_pool';
  if (affinity.rule !== 'owner' && affinity.rule !== 'organization') return null;
  if (resource.fingerprint === affinity.owner?.fingerprint) return null;
  if (affinity.rule === 'owner' && !world.sharedInOrganization) return 'not_owner';
  return world.organizations.groupOf(resource) === ownerGroup ? null : 'other_organization';
}

function unusable(
  world: RoutingWorld,
  { hints, tried }: RoutingRequest,
  resource: Resource,
  candidate: Candidate,
): string | null {
  if (tried.length > 0 && tried.includes(resource.id)) return 'already_tried';
  const refusal = world.health.refusal(resource.id, upstreamModel(hints), world.now);
  if (refusal !== null) return refusal.reason;
  const cap = resource.maxConcurrency;
  return cap !== null && candidate.inFlight >= cap ? 'at_capacity' : null;
}

function choose(
  world: RoutingWorld,
  request: RoutingRequest,
  candidates: Candidate[],
  preferred: number,
  usable: number,
  kept: ReadonlySet<number>,
): Choice {
  const best = leastLoaded(candidates, world.random);
  const owner = candidates[preferred];
  const ownerUsable = owner !== undefined && owner.rejected === null;
  const { rule } = request.affinity;
  // A hard reference stays with its owner whatever the load; its siblings are only for when the owner cannot.
  const busy = ownerUsable && rule !== 'owner' && overloaded(owner, candidates[best] as Candidate, null);
  const tooBusy = busy && overloaded(owner, candidates[best] as Candidate, owner.cachedTokens);
  const index = ownerUsable && !tooBusy ? preferred : best;
  const byOwner = ownerUsable && !tooBusy;
  settle(candidates, index, byOwner);
  const reason = kept.has(index) ? 'kept_in' : byOwner ? 'affinity_hit' : reasonOf(request, usable);
  const keptWarm = busy && !tooBusy;
  const ownerLossy = owner?.rejected === JUST_LOST;
  return {
    kind: 'chosen',
    index,
    reason,
    usable,
    candidates,
    ownerOverloaded: tooBusy,
    ownerLossy,
    keptWarm,
    keptIn: kept.size,
  };
}

function reasonOf({ affinity, attempt }: RoutingRequest, usable: number): ChoiceReason {
  if (affinity.rule === 'owner' || affinity.rule === 'organization') return 'organization_sibling';
  if (attempt > 1) return 'retry_elsewhere';
  return usable === 1 ? 'only_candidate' : 'least_connections';
}

function nobodyFit(
  world: RoutingWorld,
  request: RoutingRequest,
  candidates: Candidate[],
  preferred: number,
): Choice {
  const index = lastResort(world, request, candidates);
  const rejected = candidates[index]?.rejected;
  if (rejected === undefined) return refuse(world, request, candidates);
  settle(candidates, index, index === preferred);
  const reason = rejected === 'model_denied' ? 'model_denied_everywhere' : 'last_resort';
  const calm = { ownerOverloaded: false, ownerLossy: false, keptWarm: false, keptIn: 0 };
  return { kind: 'chosen', index, reason, usable: 0, candidates, ...calm };
}
