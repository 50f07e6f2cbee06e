import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import {
  big,
  int,
  intOrNull,
  text,
  textOrNull,
  yesOrNo,
  jsonOrNull,
} from '../infra/database/column-types.js';

/** An upstream somebody registered, with at most one credential. */
@Entity('providers')
@Index('ux_providers_name', ['name'], { unique: true })
export class Provider {
  /** Also its resource id: `prov_…`, or the slug its maker chose. */
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_providers' })
  id!: string;

  @Column(text('name'))
  name!: string;

  /** Of the preset it was made from, or `custom`. */
  @Column(text('provider_type'))
  providerType!: string;

  @Column(text('base_url'))
  baseUrl!: string;

  @Column(text('wire_api'))
  wireApi!: 'responses';

  /** `header`: in the header that `authHeader` names. */
  @Column(text('auth_type'))
  authType!: 'bearer' | 'header' | 'none';

  @Column(textOrNull('auth_header'))
  authHeader!: string | null;

  /** Ciphertext of the key; null when there is none, or when `credentialRef` names it. */
  @Column(textOrNull('secret'))
  secret!: string | null;

  /** `env:NAME`. */
  @Column(textOrNull('credential_ref'))
  credentialRef!: string | null;

  @Column(textOrNull('health_path'))
  healthPath!: string | null;

  @Column(textOrNull('pool_id'))
  poolId!: string | null;

  @Column(int('weight'))
  weight!: number;

  @Column(textOrNull('organization'))
  organization!: string | null;

  @Column(intOrNull('max_concurrency'))
  maxConcurrency!: number | null;

  @Column(yesOrNo('enabled'))
  enabled!: boolean;

  /** The operator's own. */
  @Column(jsonOrNull('metadata'))
  metadata!: Readonly<Record<string, unknown>> | null;

  @Column(big('created_at'))
  createdAt!: number;

  @Column(big('updated_at'))
  updatedAt!: number;
}
