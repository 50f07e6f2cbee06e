const ID = /^openai-([1-9][0-9]{0,8})$/;

/**
 * Gives each key its id. A known key keeps the id it had, wherever it stands now; a new one takes the lowest number
 * never used, so that history filed under `openai-2` never changes its meaning. `known` holds keys that are gone too.
 * Entries that cannot be right (a foreign form, a number already given) are treated as unknown.
 */
export function assignIds(
  known: ReadonlyMap<string, string>,
  keysInOrder: readonly string[],
): Map<string, string> {
  const used = new Set<string>();
  const kept = new Map<string, string>();
  for (const [fingerprint, id] of known) {
    if (!ID.test(id) || used.has(id)) continue;
    used.add(id);
    kept.set(fingerprint, id);
  }
  let next = 1;
  const assigned = new Map<string, string>();
  for (const fingerprint of keysInOrder) {
    let id = kept.get(fingerprint) ?? assigned.get(fingerprint);
    if (id === undefined) {
      while (used.has(`openai-${next}`)) next++;
      id = `openai-${next}`;
      used.add(id);
    }
    assigned.set(fingerprint, id);
  }
  return assigned;
}
