import { ProxyError } from '../common/errors.js';

/** Place in a list sorted by time and id, newest first: the last row already seen. */
export interface Cursor {
  readonly at: number;
  readonly id: string;
}

export interface Page<Row> {
  readonly rows: Row[];
  /** Hand it back to go on; null on the last page. */
  readonly nextCursor: string | null;
}

/** Opaque to clients, so that what is inside may change. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.at, cursor.id])).toString('base64url');
}

export function decodeCursor(text: string): Cursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2) {
      const [at, id] = value as unknown[];
      // No id holds NUL, and Postgres refuses it as a parameter.
      if (Number.isSafeInteger(at) && typeof id === 'string' && !id.includes('\0'))
        return { at: at as number, id };
    }
  } catch {
    // Falls through: whatever is wrong with it, the answer is the same.
  }
  throw new ProxyError(
    'invalid_parameter',
    '`cursor` is not one of ours. Use the `next_cursor` of the previous page as it is, or leave it out.',
    { param: 'cursor' },
  );
}

/** Cuts the one row fetched beyond `limit`, which says whether there is another page. */
export function pageOf<Row>(rows: Row[], limit: number, place: (row: Row) => Cursor): Page<Row> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return {
    rows: kept,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(place(last)) : null,
  };
}
