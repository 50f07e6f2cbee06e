import type { DecisionRecord } from '../../state/live-state.js';
import type { CandidateItem, DecisionItem } from '../../usage/decision-item.js';
import { Field, ListOf, NextCursor, NullableField, OneOf } from './api-field.js';

export class CandidateDto implements CandidateItem {
  @Field('openai-1')
  readonly resource_id!: string;

  @NullableField('main')
  readonly pool_id!: string | null;

  @NullableField('org-acme')
  readonly organization!: string | null;

  @Field(1, 'Effective: less than configured for ten seconds after a recovery')
  readonly weight!: number;

  @Field(2)
  readonly in_flight!: number;

  @Field(3, '(in_flight + 1) / weight; lower is better')
  readonly load!: number;

  @Field('healthy')
  readonly health!: string;

  @NullableField(
    9999,
    'Left of the upstream’s limit for this model, less what was sent since; null = not known',
  )
  readonly remaining_requests!: number | null;

  @NullableField(1999000, 'The same for tokens')
  readonly remaining_tokens!: number | null;

  @NullableField(
    48000,
    'Prompt tokens of the session that this key may have cached since its last answer, at most; null = it was not here, or not known',
  )
  readonly cached_tokens!: number | null;

  @Field(true)
  readonly chosen!: boolean;

  @NullableField('higher_load', 'Why it was not chosen; null for the winner')
  readonly rejected!: string | null;
}

export class DecisionDto implements DecisionItem {
  @Field('dec_019a2b3c4d5e0123456789abcdef0123')
  readonly id!: string;

  @Field('req_019a2b3c4d5e0123456789abcdef0123')
  readonly request_id!: string;

  @Field(1, '1 for the first attempt')
  readonly attempt!: number;

  @Field(1795410000000, 'Epoch ms')
  readonly at!: number;

  @NullableField('0199f2a0-5b1e-7c3d-9a4f-1c2d3e4f5a6b')
  readonly session_id!: string | null;

  @Field('loopback')
  readonly caller_id!: string;

  @NullableField('main')
  readonly pool_id!: string | null;

  @NullableField('gpt-5')
  readonly model!: string | null;

  @OneOf(['hard', 'boundary', 'soft', 'free'], 'soft')
  readonly affinity_class!: string;

  @NullableField('session', 'What the class rests on')
  readonly affinity_kind!: string | null;

  @OneOf(['hit', 'miss', 'moved', 'lost', 'none'], 'hit')
  readonly affinity_result!: string;

  @NullableField('openai-1', 'Null when nobody could serve it')
  readonly resource_id!: string | null;

  @Field('affinity_hit', 'Stable snake_case')
  readonly reason!: string;

  @Field('The session was last served by openai-1, which is usable.', 'One sentence for a person')
  readonly explanation!: string;

  @NullableField(0, 'How long the request waited for a place before this decision')
  readonly waited_ms!: number | null;

  @NullableField(
    48000,
    'Cached prompt tokens that the session may have left behind with the key it moved from, at most; null = it did not move, or not known',
  )
  readonly cached_tokens_at_stake!: number | null;

  @ListOf(() => CandidateDto, 'Everybody who was considered, and why each was or was not chosen')
  readonly candidates!: readonly CandidateDto[];
}

export class DecisionListDto {
  @ListOf(() => DecisionDto, 'Newest first')
  readonly decisions!: readonly DecisionDto[];

  @NextCursor()
  readonly next_cursor!: string | null;
}

/** A decision as it is on the wire. */
export function toDecisionDto(record: DecisionRecord): DecisionDto {
  return {
    id: record.id,
    request_id: record.requestId,
    attempt: record.attempt,
    at: record.at,
    session_id: record.sessionId,
    caller_id: record.callerId,
    pool_id: record.poolId,
    model: record.model,
    affinity_class: record.affinityClass,
    affinity_kind: record.affinityKind,
    affinity_result: record.affinityResult,
    resource_id: record.resourceId,
    reason: record.reason,
    explanation: record.explanation,
    waited_ms: record.waitedMs,
    cached_tokens_at_stake: record.cachedTokensAtStake,
    candidates: record.candidates.map((candidate) => ({
      resource_id: candidate.resourceId,
      pool_id: candidate.poolId,
      organization: candidate.organization,
      weight: candidate.weight,
      in_flight: candidate.inFlight,
      load: candidate.load,
      health: candidate.health,
      remaining_requests: candidate.remainingRequests,
      remaining_tokens: candidate.remainingTokens,
      cached_tokens: candidate.cachedTokens,
      chosen: candidate.chosen,
      rejected: candidate.rejected,
    })),
  };
}
