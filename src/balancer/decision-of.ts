import { newId } from '../common/ids.js';
import type { Resource } from '../resources/resource.js';
import type { DecisionRecord } from '../state/live-state.js';
import type { Choice, RefusalReason, RoutingRequest } from './decide.js';
import { affinityResult } from './explanation.js';
import { tokensAtStake } from './warm-cache.js';

/** A choice as it is remembered and stored. `resource`: whom it fell on; `at`: epoch ms. */
export function decisionOf(
  { hints, affinity, warm, attempt }: RoutingRequest,
  choice: Choice,
  explanation: string,
  resource: Resource | null,
  at: number,
  waitedMs: number,
): DecisionRecord {
  return {
    id: newId('dec', at),
    requestId: hints.requestId,
    attempt,
    at,
    sessionId: hints.sessionId,
    callerId: hints.callerId,
    poolId: hints.poolId,
    model: hints.model,
    affinityClass: affinity.class,
    affinityKind: affinity.kind,
    affinityResult: affinityResult(choice, affinity, resource),
    resourceId: resource?.id ?? null,
    reason: choice.reason,
    explanation,
    waitedMs,
    cachedTokensAtStake: tokensAtStake(warm, resource),
    candidates: choice.candidates,
  };
}

const REFUSALS: readonly RefusalReason[] = ['affinity_lost', 'affinity_unavailable', 'upstream_rate_limited'];

/** Of the error that a refusal is. */
export function codeOf({ reason }: DecisionRecord): RefusalReason {
  return REFUSALS.find((code) => code === reason) ?? 'no_available_resources';
}
