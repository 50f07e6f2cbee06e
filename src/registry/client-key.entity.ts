import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, bigOrNull, intOrNull, jsonOrNull, text } from '../infra/database/column-types.js';

/** A credential for /v1 that this proxy gave out. The key itself is never stored. */
@Entity('client_keys')
@Index('ux_client_keys_digest', ['digest'], { unique: true })
export class ClientKey {
  /** `key_…`: the scope of its caller's bindings and records. */
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_client_keys' })
  id!: string;

  @Column(text('name'))
  name!: string;

  /** SHA-256 of the whole key, hex. */
  @Column(text('digest'))
  digest!: string;

  /** The first characters, by which people tell keys apart. */
  @Column(text('prefix'))
  prefix!: string;

  @Column(bigOrNull('expires_at'))
  expiresAt!: number | null;

  @Column(bigOrNull('revoked_at'))
  revokedAt!: number | null;

  /** Null = any. */
  @Column(jsonOrNull('allowed_pools'))
  allowedPools!: readonly string[] | null;

  /** Null = any. */
  @Column(jsonOrNull('allowed_models'))
  allowedModels!: readonly string[] | null;

  @Column(intOrNull('requests_per_minute'))
  requestsPerMinute!: number | null;

  @Column(bigOrNull('tokens_per_minute'))
  tokensPerMinute!: number | null;

  @Column(bigOrNull('daily_tokens'))
  dailyTokens!: number | null;

  @Column(bigOrNull('monthly_tokens'))
  monthlyTokens!: number | null;

  /** Millionths of a US dollar, as all money here. */
  @Column(bigOrNull('daily_cost'))
  dailyCost!: number | null;

  @Column(bigOrNull('monthly_cost'))
  monthlyCost!: number | null;

  @Column(bigOrNull('last_used_at'))
  lastUsedAt!: number | null;

  @Column(big('created_at'))
  createdAt!: number;
}
