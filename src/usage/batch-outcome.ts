/**
 * What became of a batch in a worker. `unavailable`: its database is away. `refused`: a record may be to blame.
 * `unreadable`: the worker does not understand what it was sent, because it is of another version.
 */
export type BatchOutcome =
  | { readonly kind: 'written'; readonly records: number }
  | { readonly kind: 'unavailable' | 'refused' | 'unreadable'; readonly reason: string };

const WITH_REASON: ReadonlySet<unknown> = new Set(['unavailable', 'refused', 'unreadable']);
/** Messages of drivers may quote what they choke on. */
const LONGEST_REASON = 300;

export function failedOutcome(kind: 'unavailable' | 'refused' | 'unreadable', error: unknown): BatchOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return { kind, reason: message.slice(0, LONGEST_REASON) };
}

/** What a worker answered, or null when it is none of the above. */
export function outcomeOf(value: unknown): BatchOutcome | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, records, reason } = value as Record<string, unknown>;
  if (kind === 'written' && typeof records === 'number') return { kind, records };
  if (WITH_REASON.has(kind) && typeof reason === 'string')
    return { kind: kind as 'unavailable' | 'refused' | 'unreadable', reason };
  return null;
}
