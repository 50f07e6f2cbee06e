import { constants } from 'node:os';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It had listened. */
  readonly served: boolean;
  /** Others listen now. */
  readonly othersServe: boolean;
  /** How often in a row processes in its place have ended soon after their start, this time included. */
  readonly soon: number;
}

/** A new process after the pause, or the end of all. */
export type AfterExit = { readonly pauseMs: number } | { readonly endWith: number };

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * What follows the end of a process that nobody told to stop. One that could not even start, while nobody else serves,
 * would not start the next time either: its reason is everybody's. What was killed has no reason of its own. Pure.
 */
export function afterExit({ code, signal, served, othersServe, soon }: Ended): AfterExit {
  if (!served && !othersServe && signal === null) return { endWith: exitCodeOf(code, signal) };
  return { pauseMs: Math.min(SHORTEST_PAUSE_MS * 2 ** Math.max(0, soon - 1), LONGEST_PAUSE_MS) };
}

/** As shells count: 128 and the signal. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? (signal === null ? 1 : 128 + constants.signals[signal]);
}
