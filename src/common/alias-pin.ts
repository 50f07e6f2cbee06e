/** What a registered alias stands for, as routing needs it. */
export interface AliasPin {
  readonly alias: string;
  /** What the upstream is told instead. */
  readonly upstreamId: string;
  /** The registered provider that serves it, by resource id; null = any, or any of the pool. */
  readonly resourceId: string | null;
  /** The pool that serves it: its own or its provider's. */
  readonly poolId: string | null;
}
