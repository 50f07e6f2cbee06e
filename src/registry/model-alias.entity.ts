import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, jsonOrNull, text, textOrNull, yesOrNo } from '../infra/database/column-types.js';

/** US dollars per million tokens. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  /** Null = as `input`. */
  readonly cachedInput: number | null;
}

/** A name that clients may ask for as `model`, and what it stands for. */
@Entity('models')
@Index('ux_models_alias', ['alias'], { unique: true })
export class ModelAlias {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_models' })
  id!: string;

  @Column(text('alias'))
  alias!: string;

  @Column(textOrNull('display_name'))
  displayName!: string | null;

  @Column(text('kind'))
  kind!: 'model' | 'agent';

  /** Pins the provider; at most one of this and `poolId`. */
  @Column(textOrNull('provider_id'))
  providerId!: string | null;

  @Column(textOrNull('pool_id'))
  poolId!: string | null;

  /** What the upstream is told instead of the alias. */
  @Column(text('upstream_id'))
  upstreamId!: string;

  /** Aliases and models to try next, in order. */
  @Column(jsonOrNull('fallbacks'))
  fallbacks!: readonly string[] | null;

  @Column(jsonOrNull('capabilities'))
  capabilities!: readonly string[] | null;

  /** Over the catalogue's; null = the catalogue's. */
  @Column(jsonOrNull('prices'))
  prices!: TokenPrices | null;

  @Column(yesOrNo('enabled'))
  enabled!: boolean;

  @Column(big('created_at'))
  createdAt!: number;

  @Column(big('updated_at'))
  updatedAt!: number;
}
