import type { Resource } from '../resources/resource.js';
import { isOfAlias, pinText } from './alias-scope.js';
import { isOutOfScope } from './refuse.js';
import type { RefusalReason, RoutingRequest, RoutingWorld } from './decide.js';
import { upstreamModel } from './routing-hints.js';
import type { Candidate } from './selection.js';

const LONGEST_RETRY_AFTER_S = 60;
/** When nothing is known to be due: time enough for a probe to find out. */
const UNKNOWN_RETRY_AFTER_S = 30;
const NAMED_AT_MOST = 8;

export interface Refusal {
  readonly message: string;
  readonly retryAfterSeconds?: number;
  readonly shouldRetry?: boolean;
}

/** What the client hears: the cause, the fix and whether waiting helps. */
export function refusalOf(
  world: RoutingWorld,
  request: RoutingRequest,
  reason: RefusalReason,
  candidates: readonly Candidate[],
  backAt: number | null,
): Refusal {
  switch (reason) {
    case 'no_available_resources':
    case 'upstream_rate_limited':
      return nobody(world, request, candidates, backAt);
    case 'affinity_unavailable':
      return {
        message: `The resource that ${subject(request)} is bound to cannot serve now: ${inScope(world, request, candidates)}. Try again after retry-after.`,
        retryAfterSeconds: secondsUntil(world.now, backAt) ?? UNKNOWN_RETRY_AFTER_S,
        shouldRetry: isBackSoon(world.now, backAt),
      };
    case 'affinity_lost':
      return { message: lostText(world, request, candidates) };
    default:
      return reason satisfies never;
  }
}

function nobody(
  world: RoutingWorld,
  request: RoutingRequest,
  candidates: readonly Candidate[],
  backAt: number | null,
): Refusal {
  const { snapshot } = world;
  const { poolId, alias } = request.hints;
  if (snapshot.resources.length === 0)
    return {
      message:
        'No OpenAI key is configured. Set OPENAI_API_KEY, OPENAI_API_KEYS (comma-separated) or OPENAI_API_KEY_1, OPENAI_API_KEY_2, … and restart.',
      shouldRetry: false,
    };
  if (alias !== null && candidates.every((candidate) => candidate.rejected === 'not_of_alias'))
    return {
      message: `The alias "${alias.alias}" is served by ${pinText(alias)} alone, and that takes no requests; GET /admin/models says why.`,
      shouldRetry: false,
    };
  if (candidates.every((candidate) => candidate.rejected === 'other_pool')) {
    const pools = snapshot.poolIds.map((pool) => `"${pool}"`).join(', ');
    const there = pools === '' ? 'No pool is configured; leave the pool out' : `Pools: ${pools}`;
    return { message: `Pool "${poolId}" has no resources. ${there}.`, shouldRetry: false };
  }
  const whole = poolId === null ? 'All resources are' : `All resources of pool "${poolId}" are`;
  const pinned = candidates.some(({ rejected }) => rejected === 'other_connection');
  const seconds = secondsUntil(world.now, backAt);
  return {
    message: `${pinned ? 'The resource of this connection is' : whole} unavailable: ${inScope(world, request, candidates)}.`,
    retryAfterSeconds: seconds ?? UNKNOWN_RETRY_AFTER_S,
    shouldRetry: isBackSoon(world.now, backAt),
  };
}

/** `openai-1 unhealthy (invalid_key), openai-2 cooling (rate_limited, 12 s)`. */
function inScope(world: RoutingWorld, { hints }: RoutingRequest, candidates: readonly Candidate[]): string {
  const named = candidates.filter(({ rejected }) => !isOutOfScope(rejected));
  const texts = named.slice(0, NAMED_AT_MOST).map(({ resourceId, rejected }) => {
    const refusal = world.health.refusal(resourceId, upstreamModel(hints), world.now);
    if (refusal === null) return `${resourceId} ${rejected}`;
    const seconds = secondsUntil(world.now, refusal.until, Infinity);
    const why =
      refusal.reason === 'model_denied'
        ? `model "${upstreamModel(hints)}"`
        : world.health.of(resourceId).reason;
    const wait = seconds === undefined ? '' : `, ${seconds} s`;
    return `${resourceId} ${rejected} (${why}${wait})`;
  });
  const more = named.length - texts.length;
  return more > 0 ? `${texts.join(', ')} and ${more} more` : texts.join(', ');
}

function lostText(world: RoutingWorld, request: RoutingRequest, candidates: readonly Candidate[]): string {
  const { hints, affinity } = request;
  const owner: Resource | undefined = world.snapshot.byFingerprint.get(affinity.owner?.fingerprint ?? '');
  const what = subject(request);
  if (owner !== undefined && hints.poolId !== null && owner.poolId !== hints.poolId) {
    const its = owner.poolId === null ? 'in no pool' : `in pool "${owner.poolId}"`;
    return `${capital(what)} belongs to ${owner.id}, which is ${its} and not in the pool asked for, "${hints.poolId}". Ask for the pool it was made in, or start a new conversation.`;
  }
  if (owner !== undefined && hints.alias !== null && !isOfAlias(hints.alias, owner))
    return `${capital(what)} belongs to ${owner.id}, and the alias asked for, "${hints.alias.alias}", is served by ${pinText(hints.alias)} alone. Ask for a model that ${owner.id} serves, or start a new conversation.`;
  const refused = inScope(world, request, candidates);
  if (refused !== '') {
    const whose = owner === undefined ? 'a key that is no longer configured' : owner.id;
    return `${capital(what)} belongs to ${whose}, and the upstream refused the key of everybody who could continue it: ${refused}. Replace the key and restart, or start a new conversation.`;
  }
  return `The key that ${what} belongs to is no longer configured, and no other key of its organisation is. Put the key back, or start a new conversation.`;
}

function subject({ affinity }: RoutingRequest): string {
  switch (affinity.rule === 'owner' ? affinity.kind : 'sealed') {
    case 'path':
      return 'this response';
    case 'previous_response_id':
      return 'the response named by previous_response_id';
    case 'conversation':
      return 'this conversation';
    case 'item_reference':
      return 'an item this request refers to';
    default:
      return 'the encrypted content in this request';
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Whether there is somebody by the longest wait that is told: an SDK that came back any sooner would only hit the same wall. */
function isBackSoon(now: number, backAt: number | null): boolean {
  return backAt !== null && backAt - now <= LONGEST_RETRY_AFTER_S * 1000;
}

/** Whole seconds from 1 to `most`; undefined when nothing is due. */
function secondsUntil(now: number, at: number | null, most = LONGEST_RETRY_AFTER_S): number | undefined {
  if (at === null) return undefined;
  return Math.min(Math.max(Math.ceil((at - now) / 1000), 1), most);
}
