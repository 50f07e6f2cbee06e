import { JsonScanner, type ByteSpan } from '../../common/json-scanner.js';
import { KeyTable } from '../../common/key-table.js';
import type { ModelObject } from './listed-alias.js';

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
 * nothing to change, or it is no list that is known here.
 */
export function callersList(
  body: Buffer,
  models: readonly ModelObject[],
  allowed: readonly string[] | null,
): Buffer | null {
  const list = readList(body);
  if (list === null) return null;
  const { span, elements, names, takesAliases } = list;
  const mayShow = (_: ByteSpan, i: number): boolean =>
    allowed === null || allowed.some((name) => name === names[i]);
  const kept = elements.filter(mayShow);
  const added = takesAliases ? models.filter(({ id }) => !names.includes(id)) : [];
  if (added.length === 0 && kept.length === elements.length) return null;
  const more = added.map((model) => JSON.stringify(model));
  if (kept.length === elements.length) {
    const text = (elements.length === 0 ? '' : ',') + more.join(',');
    return Buffer.concat([body.subarray(0, span.end - 1), Buffer.from(text), body.subarray(span.end - 1)]);
  }
  const shown = [...kept.map(({ start, end }) => body.toString('utf8', start, end)), ...more];
  return Buffer.concat([
    body.subarray(0, span.start + 1),
    Buffer.from(shown.join(',')),
    body.subarray(span.end - 1),
  ]);
}

function readList(body: Buffer): ReadList | null {
  let parsed: { object?: unknown; data?: unknown; models?: unknown } | null;
  try {
    parsed = JSON.parse(body.toString('utf8')) as typeof parsed;
  } catch {
    return null;
  }
  if (parsed?.object === 'list' && Array.isArray(parsed.data))
    return located(body, DATA, namesOf(parsed.data, 'id'), true);
  // The list that Codex reads.
  if (Array.isArray(parsed?.models)) return located(body, MODELS, namesOf(parsed.models, 'slug'), false);
  return null;
}

const DATA = new KeyTable(['data']);
const MODELS = new KeyTable(['models']);

/** One for each element, also one that has none. */
function namesOf(elements: readonly unknown[], field: 'id' | 'slug'): unknown[] {
  return elements.map((one) => (one as Record<string, unknown> | null)?.[field]);
}

function located(
  body: Buffer,
  keys: KeyTable,
  names: readonly unknown[],
  takesAliases: boolean,
): ReadList | null {
  const scanner = new JsonScanner(body);
  const elements: ByteSpan[] = [];
  let span: ByteSpan | null = null;
  try {
    scanner.document(keys, '', () => {
      const start = scanner.pos;
      scanner.elements(() => void elements.push(scanner.valueSpan()));
      span = { start, end: scanner.pos };
    });
  } catch {
    return null; // The name twice, or nested without end: nobody knows which one a client would read.
  }
  return span === null ? null : { names, elements, span, takesAliases };
}
