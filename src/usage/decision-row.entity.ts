import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, bigOrNull, int, intOrNull, text, textOrNull } from '../infra/database/column-types.js';

/** Why an attempt went where it went, with every candidate. */
@Entity('decisions')
@Index('ix_decisions_at_id', ['at', 'id'])
@Index('ix_decisions_session_id_at_id', ['sessionId', 'at', 'id'])
@Index('ix_decisions_caller_id_at_id', ['callerId', 'at', 'id'])
@Index('ix_decisions_model_at_id', ['model', 'at', 'id'])
@Index('ix_decisions_resource_id_at_id', ['resourceId', 'at', 'id'])
@Index('ix_decisions_request_id_attempt', ['requestId', 'attempt'])
export class DecisionRow {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_decisions' })
  id!: string;

  @Column(text('request_id'))
  requestId!: string;

  @Column(int('attempt'))
  attempt!: number;

  @Column(big('at'))
  at!: number;

  @Column(textOrNull('session_id'))
  sessionId!: string | null;

  @Column(text('caller_id'))
  callerId!: string;

  @Column(textOrNull('pool_id'))
  poolId!: string | null;

  @Column(textOrNull('model'))
  model!: string | null;

  @Column(text('affinity_class'))
  affinityClass!: string;

  @Column(textOrNull('affinity_kind'))
  affinityKind!: string | null;

  @Column(text('affinity_result'))
  affinityResult!: string;

  @Column(textOrNull('resource_id'))
  resourceId!: string | null;

  @Column(text('reason'))
  reason!: string;

  @Column(text('explanation'))
  explanation!: string;

  @Column(intOrNull('waited_ms'))
  waitedMs!: number | null;

  /** Null: not moved, not known, or from before this was recorded. */
  @Column(bigOrNull('cached_tokens_at_stake'))
  cachedTokensAtStake!: number | null;

  /** JSON array of CandidateRecord. */
  @Column(text('candidates'))
  candidates!: string;
}
