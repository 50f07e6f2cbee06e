/** How long a request has waited for a place, and until when (`steadyNow`) it would go on. */
export interface Patience {
  readonly waitedMs: number;
  readonly until: number;
}

export const NO_PATIENCE: Patience = { waitedMs: 0, until: -Infinity };
