import { isUnknownRefusal } from '../health/account-codes.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

/** A 403 that two keys give for one request, with a code nobody here knows: the request is at fault, not the keys. */
export interface SameRefusal {
  readonly code: string;
  /** Ids of those who said it before. */
  readonly by: readonly string[];
}

/** Null = nobody else has said so. `tried`: the attempts before. */
export function sameRefusal(
  tried: readonly { readonly resourceId: string; readonly outcome: AttemptOutcome }[],
  resourceId: string,
  outcome: AttemptOutcome,
): SameRefusal | null {
  if (outcome.kind !== 'answered' || outcome.code === null) return null;
  const { status, code, message } = outcome;
  if (!isUnknownRefusal(status, code, message)) return null;
  const by = tried
    .filter((one) => one.outcome.kind === 'answered' && one.outcome.status === status)
    .filter((one) => one.outcome.kind === 'answered' && one.outcome.code === code)
    .map((one) => one.resourceId)
    .filter((id) => id !== resourceId);
  return by.length === 0 ? null : { code, by };
}
