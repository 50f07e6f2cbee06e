export interface IdentityRow {
  readonly fingerprint: string;
  readonly resource_id: string;
}

/**
 * Ids that mean one key in the source and another in the target. History names keys by their ids only: rows moved across
 * such a difference would be told of the wrong key for ever.
 */
export function identityConflicts(source: readonly IdentityRow[], target: readonly IdentityRow[]): string[] {
  const idOf = new Map(target.map((row) => [row.fingerprint, row.resource_id]));
  const keyOf = new Map(target.map((row) => [row.resource_id, row.fingerprint]));
  return source
    .filter(({ fingerprint, resource_id: id }) => {
      const there = idOf.get(fingerprint);
      return there === undefined ? keyOf.has(id) : there !== id;
    })
    .map(({ resource_id: id }) => id);
}
