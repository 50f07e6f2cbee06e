/**
 * Variables that begin like ours and are not: almost always a typing mistake, which would otherwise be silently
 * ignored. A warning only, because other software may use the same beginning.
 */
export function unknownVariables(names: Iterable<string>, known: readonly string[]): string[] {
  const knownSet = new Set(known);
  return [...names]
    .filter((name) => /^(PROXY_|OPENAI_RESOURCE_)/.test(name) && !knownSet.has(name))
    .sort()
    .map((name) => {
      const nearest = nearestName(name, known);
      return `${name} is not a variable of this proxy and is ignored${nearest === null ? '' : `; did you mean ${nearest}?`}`;
    });
}

/** The known name with the fewest edits, if they are few for its length. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(3, Math.floor(name.length / 4));
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
