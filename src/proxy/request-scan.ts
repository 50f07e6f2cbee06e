import { JsonScanner } from '../common/json-scanner.js';
import { promptBytes } from '../balancer/prompt-size.js';
import { KeyTable } from '../common/key-table.js';
import { emptyBodyDraft, type BodyDraft, type BodyFields } from './body-fields.js';
import { readItems } from './input-scan.js';
import { readTools } from './tool-scan.js';
import {
  MAX_MODEL_CHARACTERS,
  invalidField,
  readNull,
  readRoutingBoolean,
  readRoutingString,
} from './routing-field.js';
import { forkedFromThreadId } from './turn-metadata.js';

export type { BodyFields } from './body-fields.js';

/** With its quotes; as long as anything that is one may be. */
const MAX_TRACEPARENT = 258;

type Reader = (scanner: JsonScanner, draft: BodyDraft) => void;

const ROOT: Readonly<Record<string, Reader>> = {
  model: (scanner, draft) => {
    const start = scanner.pos;
    draft.model = readRoutingString(scanner, 'model', MAX_MODEL_CHARACTERS);
    if (draft.model === '') throw invalidField('model', 'is empty');
    draft.modelSpan = draft.model === null ? null : { start, end: scanner.pos };
  },
  stream: (scanner, draft) => {
    draft.stream = readRoutingBoolean(scanner, 'stream');
  },
  background: (scanner, draft) => {
    draft.background = readRoutingBoolean(scanner, 'background');
  },
  store: (scanner, draft) => {
    draft.store = readRoutingBoolean(scanner, 'store');
  },
  previous_response_id: (scanner, draft) => {
    draft.previousResponseId = readRoutingString(scanner, 'previous_response_id');
  },
  conversation: (scanner, draft) => {
    draft.conversationId = scanner.atObject()
      ? readConversation(scanner)
      : readRoutingString(scanner, 'conversation');
  },
  prompt_cache_key: (scanner, draft) => {
    draft.promptCacheKey = readRoutingString(scanner, 'prompt_cache_key');
  },
  metadata: (scanner, draft) => readObject(scanner, draft, 'metadata', METADATA, METADATA_KEYS),
  client_metadata: (scanner, draft) =>
    readObject(scanner, draft, 'client_metadata', CLIENT_METADATA, CLIENT_METADATA_KEYS),
  input: (scanner, draft) => readItems(scanner, 'input', draft),
  items: (scanner, draft) => readItems(scanner, 'items', draft),
  tools: (scanner, draft) => readTools(scanner, draft),
};

const METADATA: Readonly<Record<string, Reader>> = {
  pool_id: (scanner, draft) => {
    draft.poolId = readRoutingString(scanner, 'metadata.pool_id');
  },
  session_id: (scanner, draft) => {
    draft.metadataSessionId = readRoutingString(scanner, 'metadata.session_id');
  },
  session_name: (scanner, draft) => {
    draft.metadataSessionName = readRoutingString(scanner, 'metadata.session_name');
  },
};

const CLIENT_METADATA: Readonly<Record<string, Reader>> = {
  session_id: (scanner, draft) => {
    draft.clientMetadataSessionId = readRoutingString(scanner, 'client_metadata.session_id');
  },
  thread_id: (scanner, draft) => {
    draft.clientMetadataThreadId = readRoutingString(scanner, 'client_metadata.thread_id');
  },
  'x-codex-parent-thread-id': (scanner, draft) => {
    draft.parentThreadId = readRoutingString(scanner, 'client_metadata.x-codex-parent-thread-id');
  },
  'x-codex-turn-metadata': (scanner, draft) => {
    const { start, end } = scanner.valueSpan();
    draft.forkedFromThreadId = forkedFromThreadId(scanner.bytes.subarray(start, end), 'string');
  },
  // Decides nothing: whatever else stands there is nobody's concern here.
  ws_request_header_traceparent: (scanner, draft) => {
    const { start, end } = scanner.valueSpan();
    draft.traceparent =
      end - start > MAX_TRACEPARENT ? null : scanner.bytes.toString('latin1', start + 1, end - 1);
  },
};

const ROOT_KEYS = new KeyTable(Object.keys(ROOT), true);
const METADATA_KEYS = new KeyTable(Object.keys(METADATA));
const CLIENT_METADATA_KEYS = new KeyTable(Object.keys(CLIENT_METADATA));
const CONVERSATION_KEYS = new KeyTable(['id'], true);
const ROOT_READERS = Object.values(ROOT);

/**
 * The routing fields of a request body in one pass over its raw bytes. Never builds the document: agents resend
 * megabytes of history on every turn, and `JSON.parse` of it costs ten times this.
 *
 * Refuses what two readers could read differently: anything but one JSON object, routing names that come twice
 * (in any spelling), routing values of the wrong type or that are not valid text. Syntax errors below the levels
 * read here pass: the upstream answers them.
 */
export function scanRequestBody(body: Buffer): BodyFields {
  const draft = emptyBodyDraft();
  const scanner = new JsonScanner(body);
  scanner.document(ROOT_KEYS, '', (key) => ROOT_READERS[key]?.(scanner, draft));
  draft.otherCase = scanner.otherCase;
  draft.bytes = promptBytes(body);
  return draft;
}

function readObject(
  scanner: JsonScanner,
  draft: BodyDraft,
  name: string,
  readers: Readonly<Record<string, Reader>>,
  keys: KeyTable,
): void {
  if (!scanner.atObject()) {
    readNull(scanner, name, 'an object');
    return;
  }
  scanner.members(keys, `${name}.`, (key) => readers[keys.names[key] ?? '']?.(scanner, draft));
}

function readConversation(scanner: JsonScanner): string | null {
  let id: string | null = null;
  scanner.members(CONVERSATION_KEYS, 'conversation.', () => {
    id = readRoutingString(scanner, 'conversation.id');
  });
  return id;
}
