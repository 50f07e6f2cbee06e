/** One change of the registry; of a secret it says only that it changed. */
export interface AuditItem {
  /** `aud_…` */
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  readonly actor: 'admin_token' | 'local' | 'command';
  readonly address: string | null;
  /** Dotted: `provider.created`, `client_key.revoked`. */
  readonly action: string;
  readonly target_id: string;
  /** Field → before and after. */
  readonly changes: Readonly<Record<string, readonly [before: unknown, after: unknown]>>;
}
