import type { JsonScanner, ByteSpan } from '../common/json-scanner.js';
import { KeyTable } from '../common/key-table.js';
import { MAX_SEALED_DIGESTS, sealedDigest } from '../common/sealed-digest.js';
import type { BodyDraft } from './body-fields.js';
import { decodeRoutingString } from './routing-field.js';

/** Of one request. Whose they are must be known of each, so what is beyond is told, not dropped. */
export const MAX_ITEM_REFERENCES = 1_024;
const ITEM = new KeyTable(['type', 'id', 'encrypted_content', 'role', 'result', 'container_id'], true);
const ITEM_REFERENCE = '"item_reference"';
const REASONING = '"reasoning"';
const IMAGE = '"image_generation_call"';
/** Each character of the longest of them spelled as an escape, and more. */
const MAX_TYPE_BYTES = 256;

type Found = Pick<BodyDraft, 'itemReferenceIds' | 'moreItemReferences' | 'namesItems' | 'sealedDigests'>;

/**
 * `input`, a string or a list of items, and `items`, such a list: what is found is added to `found`. Only references
 * and encrypted content are looked for; a wrong type anywhere in here is the upstream's to name.
 */
export function readItems(scanner: JsonScanner, name: 'input' | 'items', found: Found): void {
  const references: ByteSpan[] = [];
  const sealed: ByteSpan[] = [];
  if (!scanner.atArray()) {
    scanner.skipValue();
    return;
  }
  const room = MAX_ITEM_REFERENCES - found.itemReferenceIds.length;
  const item = new ItemFacts(scanner, `${name}[].`);
  scanner.elements(() => {
    if (!scanner.atObject()) {
      scanner.skipValue();
      return;
    }
    item.read();
    if (item.sealed !== null) {
      if (sealed.length === MAX_SEALED_DIGESTS) sealed.shift();
      sealed.push(item.sealed);
    }
    if (item.namesContainer) found.namesItems = true;
    if (item.id === null) return;
    if (!item.isReference()) found.namesItems = true;
    else if (references.length < room) references.push(item.id);
    else found.moreItemReferences = true;
  });
  const raw = (span: ByteSpan): Buffer => scanner.bytes.subarray(span.start, span.end);
  const ids = references.map((span) => decodeRoutingString(raw(span), `${name}[].id`));
  const digests = sealed.map((span) => sealedDigest(raw(span))).filter((digest) => digest !== null);
  found.itemReferenceIds = [...found.itemReferenceIds, ...ids];
  found.sealedDigests = [...found.sealedDigests, ...digests].slice(-MAX_SEALED_DIGESTS);
}

/** One reader reused for every item: a history has thousands. */
class ItemFacts {
  /** Inside the quotes. */
  id: ByteSpan | null = null;
  sealed: ByteSpan | null = null;
  namesContainer = false;
  #type: ByteSpan | null = null;
  #hasRole = false;
  #hasResult = false;
  readonly #visit = (key: number): void => this.#member(key);

  constructor(
    private readonly scanner: JsonScanner,
    private readonly path: string,
  ) {}

  read(): void {
    this.id = null;
    this.sealed = null;
    this.#type = null;
    this.#hasRole = false;
    this.namesContainer = false;
    this.#hasResult = false;
    this.scanner.members(ITEM, this.path, this.#visit);
  }

  /**
   * The type may be left out of a reference; a message without type has a role. The upstream puts the stored item in the
   * place of a reasoning or an image without what it consists of, whatever else stands there.
   */
  isReference(): boolean {
    if (this.#type === null) return !this.#hasRole;
    const { start, end } = this.#type;
    if (end - start > MAX_TYPE_BYTES) return false;
    const raw = this.scanner.bytes.toString('utf8', start, end);
    const type = raw.includes('\\') ? `"${safeParse(raw)}"` : raw;
    if (type === REASONING) return this.sealed === null;
    return type === ITEM_REFERENCE || (type === IMAGE && !this.#hasResult);
  }

  #member(key: number): void {
    const scanner = this.scanner;
    const isString = scanner.atString();
    const { start, end } = scanner.valueSpan();
    if (!isString) return;
    if (key === 3) this.#hasRole = true;
    else if (key === 0) this.#type = { start, end };
    else if (key === 1) this.id = { start: start + 1, end: end - 1 };
    else if (end - start <= 2) return;
    else if (key === 2) this.sealed = { start: start + 1, end: end - 1 };
    else if (key === 4) this.#hasResult = true;
    else this.namesContainer = true;
  }
}

function safeParse(raw: string): string {
  try {
    return String(JSON.parse(raw));
  } catch {
    // Not a readable type, so not a reference; the upstream will say what is wrong with it.
    return '';
  }
}
