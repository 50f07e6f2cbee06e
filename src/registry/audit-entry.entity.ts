import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { big, json, text, textOrNull } from '../infra/database/column-types.js';

/** By which right: the admin token, a caller on this machine, the command line. */
export type AuditActor = 'admin_token' | 'local' | 'command';

/** Field → before and after; of a secret only `[secret]`. */
export type AuditChanges = Readonly<Record<string, readonly [before: unknown, after: unknown]>>;

/** Who changed what in the registry, and when. Only ever added to. */
@Entity('audit_entries')
@Index('ix_audit_entries_at_id', ['at', 'id'])
export class AuditEntry {
  @PrimaryColumn({ ...text('id'), primaryKeyConstraintName: 'pk_audit_entries' })
  id!: string;

  @Column(big('at'))
  at!: number;

  @Column(text('actor'))
  actor!: AuditActor;

  @Column(textOrNull('address'))
  address!: string | null;

  /** Dotted: `provider.created`, `client_key.revoked`. */
  @Column(text('action'))
  action!: string;

  @Column(text('target_id'))
  targetId!: string;

  @Column(json('changes'))
  changes!: AuditChanges;
}
