/** What becomes of requests: running, or ended as the client may have wanted. */
export const WELL_STATES = ['in_progress', 'completed', 'incomplete'] as const;
export const FAILED_STATES = [
  'failed',
  'upstream_error',
  'client_aborted',
  'timeout',
  'interrupted',
  'rejected',
] as const;
export const REQUEST_STATES = [...WELL_STATES, ...FAILED_STATES] as const;
export type ShownState = (typeof REQUEST_STATES)[number];
