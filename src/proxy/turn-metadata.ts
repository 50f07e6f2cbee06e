const MAX_BYTES = 16_384;
const MAX_ID_CHARACTERS = 512;

/**
 * The one field of Codex's `x-codex-turn-metadata` that routing needs: the thread a fork came from. The rest holds
 * local paths and remotes and is forgotten here. Null for anything that is not readable or too large: the header is
 * the client's own note and never a reason to refuse a request.
 *
 * `json`: the object itself, as in the header. `string`: a JSON string that holds it, as in `client_metadata`.
 */
export function forkedFromThreadId(raw: Buffer | string, form: 'json' | 'string'): string | null {
  if (raw.length > MAX_BYTES) return null;
  try {
    const outer: unknown = JSON.parse(raw.toString());
    const value: unknown = form === 'string' && typeof outer === 'string' ? JSON.parse(outer) : outer;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'forked_from_thread_id'))
      return null;
    const id: unknown = Reflect.get(value, 'forked_from_thread_id');
    return typeof id === 'string' && isUsable(id) ? id : null;
  } catch {
    // Not JSON: nothing to learn from it.
    return null;
  }
}

function isUsable(id: string): boolean {
  return id.length > 0 && id.length <= MAX_ID_CHARACTERS && !/[\0\p{Surrogate}]/u.test(id);
}
