import { isUnknownRefusal } from '../health/account-codes.js';
import type { TriedResource } from './final-answer.js';

export interface TriedKey extends TriedResource {
  /** Of its organisation, see `OrganizationView.groupOf`. */
  readonly group: string;
}

/**
 * The code of a 403 that nobody here knows, where each key that answered gave it, the last one asked among them, and they
 * are not all of one organisation, which may well be what is refused: then the request is at fault, not the keys.
 */
export function sameRefusal(tried: readonly TriedKey[]): string | null {
  const last = tried.at(-1)?.outcome;
  if (last?.kind !== 'answered' || !isUnknownRefusal(last)) return null;
  const answers = tried.filter(({ outcome }) => outcome.kind === 'answered');
  const alike = answers.every(
    ({ outcome }) => outcome.kind === 'answered' && isUnknownRefusal(outcome) && outcome.code === last.code,
  );
  return alike && new Set(answers.map(({ group }) => group)).size > 1 ? last.code : null;
}
