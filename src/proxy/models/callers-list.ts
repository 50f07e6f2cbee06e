import { JsonScanner, type ByteSpan } from '../../common/json-scanner.js';
import { KeyTable } from '../../common/key-table.js';
import type { ModelObject } from './listed-alias.js';

/** What a list is called, and what names each of its elements; the second is the one that Codex reads. */
const LISTS = [
  { key: 'data', name: 'id' },
  { key: 'models', name: 'slug' },
] as const;
const KEYS = new KeyTable(LISTS.map(({ key }) => key));
const OPEN_ARRAY = 0x5b;

/** A list as an upstream writes it: where it stands, and where each of its elements. */
interface ReadList {
  readonly names: readonly unknown[];
  readonly elements: readonly ByteSpan[];
  /** Brackets included. */
  readonly span: ByteSpan;
  /** OpenAI's own, in which aliases have a place. */
  readonly takesAliases: boolean;
}

/**
 * The upstream's list of models as its caller is to see it: without those that are not `allowed` (null = all are), and
 * with more behind the last; every byte in between stays. A name it lists already is not listed twice. Null = there is
 * nothing to change. Where nobody knows what is listed, a caller that may see all of it does, and any other sees `models`.
 */
export function callersList(
  body: Buffer,
  models: readonly ModelObject[],
  allowed: readonly string[] | null,
): Buffer | null {
  const lists = readLists(body);
  if (lists === null) return allowed === null ? null : ownList(models);
  const parts: Buffer[] = [];
  let copied = 0;
  for (const list of lists) {
    const edit = editOf(body, list, models, allowed);
    if (edit === null) continue;
    parts.push(body.subarray(copied, edit.from), Buffer.from(edit.text));
    copied = list.span.end - 1;
  }
  return copied === 0 ? null : Buffer.concat([...parts, body.subarray(copied)]);
}

/** Of nothing but these. */
export function ownList(models: readonly ModelObject[]): Buffer {
  return Buffer.from(JSON.stringify({ object: 'list', data: models }));
}

/** What stands between `from` and the closing bracket; null = what stands there already. */
function editOf(
  body: Buffer,
  { span, elements, names, takesAliases }: ReadList,
  models: readonly ModelObject[],
  allowed: readonly string[] | null,
): { readonly from: number; readonly text: string } | null {
  const mayShow = (_: ByteSpan, i: number): boolean =>
    allowed === null || allowed.some((name) => name === names[i]);
  const kept = elements.filter(mayShow);
  const added = takesAliases ? models.filter(({ id }) => !names.includes(id)) : [];
  const more = added.map((model) => JSON.stringify(model));
  if (kept.length === elements.length) {
    if (added.length === 0) return null;
    return { from: span.end - 1, text: (elements.length === 0 ? '' : ',') + more.join(',') };
  }
  const shown = [...kept.map(({ start, end }) => body.toString('utf8', start, end)), ...more];
  return { from: span.start + 1, text: shown.join(',') };
}

/** In the order they stand; null = none, or none that is certain. */
function readLists(body: Buffer): ReadList[] | null {
  const found: ReadList[] = [];
  try {
    const parsed = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const scanner = new JsonScanner(body);
    scanner.document(KEYS, '', (index) => {
      const list = LISTS[index];
      if (list === undefined || body[scanner.pos] !== OPEN_ARRAY) {
        scanner.valueSpan();
        return;
      }
      const takesAliases = list.key === 'data' && parsed['object'] === 'list';
      const names = namesOf(parsed[list.key] as readonly unknown[], list.name);
      found.push({ ...located(scanner), names, takesAliases });
    });
  } catch {
    return null; // No JSON, a list twice, or nested without end: nobody knows which one a client would read.
  }
  return found.length === 0 ? null : found;
}

/** One for each element, also one that has none. */
function namesOf(elements: readonly unknown[], field: 'id' | 'slug'): unknown[] {
  return elements.map((one) => (one as Record<string, unknown> | null)?.[field]);
}

function located(scanner: JsonScanner): Pick<ReadList, 'elements' | 'span'> {
  const elements: ByteSpan[] = [];
  const start = scanner.pos;
  scanner.elements(() => void elements.push(scanner.valueSpan()));
  return { elements, span: { start, end: scanner.pos } };
}
