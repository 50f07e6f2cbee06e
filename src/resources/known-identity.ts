/** What is remembered of a key across restarts: the id it has and the organisation its answers named. */
export interface KnownIdentity {
  readonly fingerprint: string;
  readonly resourceId: string;
  readonly organization: string | null;
}
