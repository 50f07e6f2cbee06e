import type { Choice } from './decide.js';

/**
 * The choice as it is for a response of a connection that is already there: whatever would have been chosen, the
 * connection's own resource takes it. What stands against each candidate stays as it was found.
 */
export function holdTo(choice: Choice, resourceId: string): Extract<Choice, { kind: 'chosen' }> {
  const candidates = choice.candidates.map((candidate) => {
    const chosen = candidate.resourceId === resourceId;
    if (chosen) return { ...candidate, chosen, rejected: null };
    return { ...candidate, chosen, rejected: candidate.rejected ?? 'other_connection' };
  });
  return {
    kind: 'chosen',
    index: candidates.findIndex(({ chosen }) => chosen),
    reason: 'connection',
    usable: choice.kind === 'chosen' ? choice.usable : 0,
    candidates,
    ownerOverloaded: false,
    keptWarm: false,
  };
}
