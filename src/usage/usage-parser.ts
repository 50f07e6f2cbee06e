import { JsonScanner } from '../common/json-scanner.js';
import type { ByteSpan } from '../common/json-scanner.js';
import { KeyTable } from '../common/key-table.js';
import { MAX_SEALED_DIGESTS, sealedDigest } from '../common/sealed-digest.js';
import { parseTokenUsage } from './parse-token-usage.js';
import type { TokenUsage } from './token-usage.js';

/** What one JSON object of the upstream tells: an answer, or the data of one stream event. */
export interface ParsedObject {
  /** `type` of an event. */
  readonly type: string | null;
  readonly object: string | null;
  readonly id: string | null;
  readonly model: string | null;
  readonly status: string | null;
  readonly serviceTier: string | null;
  readonly deleted: boolean;
  readonly conversationId: string | null;
  readonly usage: TokenUsage | null;
  /** Of `error`: its code, else its type. */
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** `code` and `message` at this level: where a stream's `error` event has them, and other things too. */
  readonly code: string | null;
  readonly message: string | null;
  readonly sealedDigests: readonly string[];
  /** Of `output` and `item`: ids of the last items. */
  readonly itemIds: readonly string[];
  /** Of `data`: what a list shows. */
  readonly listedIds: readonly string[];
  /** `response` of an event. */
  readonly response: ParsedObject | null;
}

type Draft = { -readonly [K in keyof ParsedObject]: ParsedObject[K] };

const KEYS = new KeyTable([
  'type',
  'object',
  'id',
  'model',
  'status',
  'service_tier',
  'deleted',
  'conversation',
  'usage',
  'error',
  'code',
  'message',
  'output',
  'item',
  'data',
  'response',
]);
/** `container_id`: the sandbox of a tool, which a later request may name. */
const ITEM = new KeyTable(['encrypted_content', 'id', 'container_id']);
const LISTED = new KeyTable(['id']);
/** Most items of one answer that are remembered: more than any model makes. */
export const MAX_ITEM_IDS = 1_024;
/** Small values are read by `JSON.parse`; larger ones are not what they claim to be. */
const MAX_VALUE_BYTES = 65_536;
const MAX_ID_CHARACTERS = 512;
const MAX_MESSAGE_CHARACTERS = 2_000;

/**
 * Reads an answer or an event by the scanner that reads requests: an answer of megabytes is not built for six
 * numbers. Names that come twice count as `JSON.parse` counts them: the last wins. Null when it is not a JSON object.
 */
export function parseObject(bytes: Buffer): ParsedObject | null {
  try {
    const scanner = new JsonScanner(bytes);
    const reader = new ObjectReader(scanner);
    scanner.document(KEYS, null, (key) => reader.member(key));
    return reader.draft;
  } catch {
    // Accounting never judges an answer: unreadable means nothing is known.
    return null;
  }
}

class ObjectReader {
  readonly draft: Draft = {
    type: null,
    object: null,
    id: null,
    model: null,
    status: null,
    serviceTier: null,
    deleted: false,
    conversationId: null,
    usage: null,
    errorCode: null,
    errorMessage: null,
    code: null,
    message: null,
    sealedDigests: [],
    itemIds: [],
    listedIds: [],
    response: null,
  };

  constructor(
    private readonly scanner: JsonScanner,
    private readonly nested = false,
  ) {}

  member(key: number): void {
    READERS[KEYS.names[key] ?? '']?.(this);
  }

  /** A small value, built; undefined when it is too large to be one. */
  value(): unknown {
    const { start, end } = this.scanner.valueSpan();
    if (end - start > MAX_VALUE_BYTES) return undefined;
    return JSON.parse(this.scanner.bytes.toString('utf8', start, end));
  }

  string(max: number): string | null {
    const value = this.value();
    return typeof value === 'string' ? value.slice(0, max) : null;
  }

  /** Longer ids are not cut: half an id is another one. */
  id(): string | null {
    return usableId(this.value());
  }

  response(): void {
    if (this.nested || !this.scanner.atObject()) {
      this.scanner.skipValue();
      return;
    }
    const reader = new ObjectReader(this.scanner, true);
    this.scanner.members(KEYS, null, (key) => reader.member(key));
    this.draft.response = reader.draft;
  }

  error(): void {
    const error = this.value();
    if (typeof error === 'string') this.draft.errorMessage = error.slice(0, MAX_MESSAGE_CHARACTERS);
    if (typeof error !== 'object' || error === null) return;
    const code = Reflect.get(error, 'code') ?? Reflect.get(error, 'type');
    const message: unknown = Reflect.get(error, 'message');
    this.draft.errorCode = usableId(code);
    this.draft.errorMessage = typeof message === 'string' ? message.slice(0, MAX_MESSAGE_CHARACTERS) : null;
  }

  output(): void {
    const sealed: ByteSpan[] = [];
    const ids = this.#items(sealed);
    this.draft.sealedDigests = this.#digests(sealed);
    this.draft.itemIds = ids;
  }

  /** Ids alone: seals and sandboxes are of whoever wrote the items, which need not be who keeps them. */
  list(): void {
    this.draft.listedIds = this.#items([], LISTED);
  }

  #items(sealed: ByteSpan[], table = ITEM): string[] {
    const ids: string[] = [];
    if (this.scanner.atArray()) this.scanner.elements(() => this.#item(sealed, ids, table));
    else this.scanner.skipValue();
    return ids;
  }

  item(): void {
    const sealed: ByteSpan[] = [];
    const ids: string[] = [];
    this.#item(sealed, ids);
    this.draft.sealedDigests = this.#digests(sealed);
    this.draft.itemIds = ids;
  }

  #item(sealed: ByteSpan[], ids: string[], table = ITEM): void {
    const { scanner } = this;
    if (!scanner.atObject()) return scanner.skipValue();
    scanner.members(table, null, (key) => {
      if (table.names[key] !== 'encrypted_content') {
        const id = this.id();
        if (id !== null && ids.length === MAX_ITEM_IDS) ids.shift();
        if (id !== null) ids.push(id);
        return;
      }
      const isString = scanner.atString();
      const { start, end } = scanner.valueSpan();
      if (!isString) return;
      if (sealed.length === MAX_SEALED_DIGESTS) sealed.shift();
      sealed.push({ start: start + 1, end: end - 1 });
    });
  }

  #digests(sealed: readonly ByteSpan[]): string[] {
    return sealed
      .map(({ start, end }) => sealedDigest(this.scanner.bytes.subarray(start, end)))
      .filter((digest) => digest !== null);
  }
}

const READERS: Readonly<Record<string, (reader: ObjectReader) => void>> = {
  type: (reader) => {
    reader.draft.type = reader.string(128);
  },
  object: (reader) => {
    reader.draft.object = reader.string(128);
  },
  id: (reader) => {
    reader.draft.id = reader.id();
  },
  model: (reader) => {
    reader.draft.model = reader.string(256);
  },
  status: (reader) => {
    reader.draft.status = reader.string(64);
  },
  service_tier: (reader) => {
    reader.draft.serviceTier = reader.string(64);
  },
  deleted: (reader) => {
    reader.draft.deleted = reader.value() === true;
  },
  conversation: (reader) => {
    const value = reader.value();
    const id: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'id') : value;
    reader.draft.conversationId = usableId(id);
  },
  usage: (reader) => {
    reader.draft.usage = parseTokenUsage(reader.value());
  },
  error: (reader) => reader.error(),
  code: (reader) => {
    reader.draft.code = reader.id();
  },
  message: (reader) => {
    reader.draft.message = reader.string(MAX_MESSAGE_CHARACTERS);
  },
  output: (reader) => reader.output(),
  item: (reader) => reader.item(),
  data: (reader) => reader.list(),
  response: (reader) => reader.response(),
};

function usableId(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARACTERS ? value : null;
}
