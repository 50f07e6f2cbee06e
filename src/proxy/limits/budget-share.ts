import type { Amount } from './limit-decision.js';

/** Of the budgets of one key. */
export interface Sharing {
  /** That let requests in, this one among them. */
  readonly processes: number;
  /** What this one has set aside and used since it last told the others. */
  readonly taken: Amount;
}

/**
 * Another process may tell twice while this one tells once: what this one does not know of it is two shares. With twice as
 * many shares as processes all of them together take no more than there is.
 */
const SHARES_EACH = 2;

/**
 * Whether this process has to tell the others before it lets in more. Between two tellings nobody knows what the others let
 * in, so each may take only a part of what was left at its last one: as many parts as processes, and twice. Whoever has
 * taken nothing since then may let in one request, whatever it takes, so that a budget is overrun by the last request of
 * each process and not by all that they let in at once. `left`: of the budget now, tokens or millionths of a dollar, with
 * everything taken off that is known here.
 */
export function isShareTaken(left: number, of: keyof Amount, sharing: Sharing | null): boolean {
  if (sharing === null || sharing.processes < 2) return false;
  const taken = sharing.taken[of];
  return taken * SHARES_EACH * sharing.processes >= left + taken;
}
