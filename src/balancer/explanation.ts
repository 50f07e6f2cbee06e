import type { AliasPin } from '../common/alias-pin.js';
import type { Resource } from '../resources/resource.js';
import type { DecisionRecord } from '../state/live-state.js';
import type { Affinity } from './affinity.js';
import { pinText } from './alias-scope.js';
import type { Choice, RoutingRequest } from './decide.js';
import { JUST_LOST } from './just-lost.js';
import { RATE_LIMIT_SHORT } from './selection.js';
import { tokensAtStake, type WarmCache } from './warm-cache.js';

type Chosen = Extract<Choice, { kind: 'chosen' }>;

/** One sentence on why the chosen resource was chosen, and what that costs. */
export function explainChoice(
  choice: Chosen,
  { affinity, warm, hints }: Pick<RoutingRequest, 'affinity' | 'warm' | 'hints'>,
  resource: Resource,
): string {
  const winner = choice.candidates[choice.index];
  const parts = [
    `${resource.id} ${reasonText(choice, affinity, winner?.load ?? 0)}`,
    aliasNote(hints.alias),
    affinityNote(choice, affinity, resource),
    cacheNote(choice, warm, resource),
    lossNote(choice),
    keptInNote(choice),
    limitNote(choice, hints.inputTokens),
  ];
  return `${parts.filter((part) => part !== '').join('; ')}.`;
}

/** Added to a refusal that nobody hears, because the request waits instead while there is room for it. */
export function waitNote(choice: Choice, { waitUntil }: Pick<RoutingRequest, 'waitUntil'>): string {
  if (choice.kind === 'chosen' || choice.freeAt === null || choice.freeAt > waitUntil) return '';
  return ' A request waits until the first of them is free.';
}

function reasonText(choice: Chosen, affinity: Affinity, load: number): string {
  switch (choice.reason) {
    case 'affinity_hit':
      return hitText(affinity);
    case 'organization_sibling':
      return choice.ownerLossy
        ? 'belongs to the organisation of the owner, which has just lost requests'
        : 'belongs to the organisation of the owner, which cannot take the request itself';
    case 'least_connections':
      return `has the least load (${load.toFixed(2)}) of ${choice.usable} usable resources`;
    case 'only_candidate':
      return 'is the only usable resource';
    case 'retry_elsewhere':
      return `takes over after another resource could not serve (load ${load.toFixed(2)})`;
    case 'kept_in':
      return `is out because of errors, and tried beside those that are well (load ${load.toFixed(2)})`;
    case 'last_resort':
      return lastResortText(choice);
    case 'model_denied_everywhere':
      return 'is asked again although it refused this model before, as every other did';
    case 'connection':
      return 'holds the WebSocket connection this response goes over';
    default:
      return choice.reason satisfies never;
  }
}

function lastResortText({ candidates }: Chosen): string {
  const paused = candidates.filter(({ rejected }) => rejected === 'cooling').length;
  return paused === 0
    ? 'is the least bad choice: every resource is out because of errors'
    : `is the least bad choice: nobody is well, and no pause ends while this would wait (${paused} paused)`;
}

function lossNote({ candidates }: Chosen): string {
  const avoided = candidates.filter(({ rejected }) => rejected === JUST_LOST).length;
  return avoided === 0 ? '' : `${avoided} left alone for what they have just lost`;
}

function keptInNote({ keptIn }: Chosen): string {
  return keptIn === 0 ? '' : `more than half are out because of errors, so ${keptIn} of them stay in use`;
}

function limitNote({ candidates }: Chosen, inputTokens: number): string {
  const short = candidates.filter(({ rejected }) => rejected === RATE_LIMIT_SHORT).length;
  return short === 0
    ? ''
    : `${short} left alone with less than the ${tokens(inputTokens)} tokens this may take`;
}

function hitText({ rule, kind, via }: Affinity): string {
  if (rule === 'owner') return `owns what the request refers to (${kind})`;
  if (rule === 'organization')
    return via === null
      ? 'made the encrypted content in the request'
      : `served the ${via} that the encrypted content belongs to`;
  return `served this conversation before (${via ?? kind})`;
}

function aliasNote(alias: AliasPin | null): string {
  if (alias === null) return '';
  const pin = pinText(alias);
  const where = pin === null ? '' : `, served by ${pin} alone`;
  return `the alias "${alias.alias}" stands for ${alias.upstreamId}${where}`;
}

function affinityNote(choice: Chosen, affinity: Affinity, resource: Resource): string {
  const { rule, owner, sealedBy } = affinity;
  if (affinity.unknownOwner)
    return `the owner of ${affinity.kind === 'sealed' ? 'the encrypted content' : affinity.kind} is not known here, so the upstream decides`;
  if (rule === 'prefer' && owner !== null && owner.fingerprint !== resource.fingerprint)
    return departureText(choice);
  if (rule === 'owner' && sealedBy !== null && owner !== null && sealedBy.fingerprint !== owner.fingerprint)
    return 'the encrypted content beside it was made by another key, and the reference decides';
  return '';
}

function departureText({ reason, ownerOverloaded, ownerLossy }: Chosen): string {
  if (reason === 'connection') return 'its session was on another resource before';
  if (ownerLossy) return 'the resource it was on has just lost requests';
  return ownerOverloaded ? 'the resource it was on is too busy' : 'the resource it was on cannot serve now';
}

/** What leaving costs, or what staying is for. */
function cacheNote(
  { keptWarm, candidates, index }: Chosen,
  warm: WarmCache | null,
  resource: Resource,
): string {
  const stake = tokensAtStake(warm, resource);
  if (stake !== null && stake > 0) {
    const organization = candidates[index]?.organization ?? null;
    const kin = organization !== null && organization === warm?.organization;
    const maybe = kin ? ', unless its organisation shares them' : '';
    return `the move leaves up to ${tokens(stake)} cached tokens behind${maybe}`;
  }
  return keptWarm ? `it is busy, but has up to ${tokens(warm?.cachedTokens ?? 0)} tokens of it cached` : '';
}

function tokens(count: number): string {
  return count.toLocaleString('en-US');
}

/** How the wish for a certain resource fared. */
export function affinityResult(
  choice: Choice,
  affinity: Affinity,
  resource: Resource | null,
): DecisionRecord['affinityResult'] {
  if (choice.kind === 'refused' && choice.reason === 'affinity_lost') return 'lost';
  if (affinity.class === 'free') return 'none';
  if (affinity.unknownOwner || affinity.owner === null) return 'miss';
  if (choice.kind === 'refused') return affinity.rule === 'prefer' ? 'moved' : 'hit';
  // A last resort and a connection that is there already can be the preferred one, too.
  return affinity.rule !== 'prefer' || affinity.owner.fingerprint === resource?.fingerprint ? 'hit' : 'moved';
}
