import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, bigOrNull, text, textOrNull } from '../infra/database/column-types.js';

/** What belongs to which key, so that a conversation can go on after a restart. */
@Entity('affinity_bindings')
@Index('ix_affinity_bindings_bound_at', ['boundAt'])
@Index('ix_affinity_bindings_expires_at', ['expiresAt'])
export class AffinityBindingRow {
  @PrimaryColumn({ ...text('caller_id'), primaryKeyConstraintName: 'pk_affinity_bindings' })
  callerId!: string;

  @PrimaryColumn({ ...text('kind'), primaryKeyConstraintName: 'pk_affinity_bindings' })
  kind!: string;

  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_affinity_bindings' })
  id!: string;

  @Column(text('fingerprint'))
  fingerprint!: string;

  @Column(textOrNull('organization'))
  organization!: string | null;

  /** Sessions and threads: of the prompt of the last answer, served from the key's prompt cache. */
  @Column(bigOrNull('cached_tokens'))
  cachedTokens!: number | null;

  @Column(big('bound_at'))
  boundAt!: number;

  @Column(big('expires_at'))
  expiresAt!: number;
}
