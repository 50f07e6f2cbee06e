import { JsonScanner, type ByteSpan } from '../../common/json-scanner.js';
import { KeyTable } from '../../common/key-table.js';
import type { ModelObject } from './listed-alias.js';

const DATA = new KeyTable(['data']);

/**
 * An OpenAI list of models with more behind its last; every byte of the upstream's stays. A name it lists already is
 * not listed twice. Null = it is not such a list (Codex asks for another), or there is nothing to add.
 */
export function extendedList(body: Buffer, models: readonly ModelObject[]): Buffer | null {
  const ids = idsOf(body);
  const data = ids === null ? null : spanOfData(body);
  if (ids === null || data === null) return null;
  const known = new Set(ids);
  const added = models.filter(({ id }) => !known.has(id)).map((model) => JSON.stringify(model));
  if (added.length === 0) return null;
  const end = data.end - 1;
  const text = (ids.length === 0 ? '' : ',') + added.join(',');
  return Buffer.concat([body.subarray(0, end), Buffer.from(text), body.subarray(end)]);
}

/** One for each element, also one that has none. */
function idsOf(body: Buffer): unknown[] | null {
  let list: { object?: unknown; data?: unknown } | null;
  try {
    list = JSON.parse(body.toString('utf8')) as typeof list;
  } catch {
    return null;
  }
  if (list?.object !== 'list' || !Array.isArray(list.data)) return null;
  return list.data.map((one: { id?: unknown } | null) => one?.id);
}

function spanOfData(body: Buffer): ByteSpan | null {
  const scanner = new JsonScanner(body);
  let span: ByteSpan | null = null;
  try {
    scanner.document(DATA, '', () => {
      span = scanner.valueSpan();
    });
  } catch {
    return null; // `data` twice, or nested without end: nobody knows which one a client would read.
  }
  return span;
}
