import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, text, textOrNull } from '../infra/database/column-types.js';

/** Which id a key has. Never pruned: the id stays with its key for good, and there are only as many rows as keys. */
@Entity('resource_identities')
@Index('ux_resource_identities_resource_id', ['resourceId'], { unique: true })
export class ResourceIdentity {
  @PrimaryColumn({ ...text('fingerprint'), primaryKeyConstraintName: 'pk_resource_identities' })
  fingerprint!: string;

  @Column(text('resource_id'))
  resourceId!: string;

  /** Learned from `openai-organization`; null until then. */
  @Column(textOrNull('organization'))
  organization!: string | null;

  @Column(big('first_seen_at'))
  firstSeenAt!: number;

  @Column(big('last_seen_at'))
  lastSeenAt!: number;
}
