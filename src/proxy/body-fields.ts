import type { ByteSpan } from '../common/json-scanner.js';

/** The few fields of a request body that decide where it goes. Null = absent or `null`. */
export interface BodyFields {
  /** Length of the body, decoded and without its images (`promptBytes`). */
  readonly bytes: number;
  readonly model: string | null;
  readonly stream: boolean | null;
  readonly background: boolean | null;
  readonly store: boolean | null;
  readonly previousResponseId: string | null;
  /** `conversation` as a string, or its `id`. */
  readonly conversationId: string | null;
  readonly promptCacheKey: string | null;
  /** `metadata.pool_id`. */
  readonly poolId: string | null;
  readonly metadataSessionId: string | null;
  readonly metadataSessionName: string | null;
  readonly clientMetadataSessionId: string | null;
  readonly clientMetadataThreadId: string | null;
  /** `client_metadata["x-codex-parent-thread-id"]`. */
  readonly parentThreadId: string | null;
  /** Out of the JSON text in `client_metadata["x-codex-turn-metadata"]`; nothing else of it is read. */
  readonly forkedFromThreadId: string | null;
  /** `client_metadata.ws_request_header_traceparent`: over WebSocket each message has its own. */
  readonly traceparent: string | null;
  /** Of `input` and of `items`, together the first 1,024. */
  readonly itemReferenceIds: readonly string[];
  /** There are more. */
  readonly moreItemReferences: boolean;
  /** An item in either that is no reference has an id, or one tells of a sandbox. */
  readonly namesItems: boolean;
  /** Of the encrypted items in either, last 8, oldest first. */
  readonly sealedDigests: readonly string[];
  /** Sandboxes of earlier answers that `tools` names. */
  readonly containerIds: readonly string[];
  /** A tool of type `mcp` is offered: it acts outside, so a second run is not harmless. */
  readonly hasSideEffects: boolean;
  /** A name read here that came in other capitals: some upstreams take it for that name. */
  readonly otherCase: string | null;
  /** Bytes of the value of `model`, quotes included. */
  readonly modelSpan: ByteSpan | null;
}

export type BodyDraft = { -readonly [K in keyof BodyFields]: BodyFields[K] };

export function emptyBodyDraft(): BodyDraft {
  return {
    bytes: 0,
    model: null,
    stream: null,
    background: null,
    store: null,
    previousResponseId: null,
    conversationId: null,
    promptCacheKey: null,
    poolId: null,
    metadataSessionId: null,
    metadataSessionName: null,
    clientMetadataSessionId: null,
    clientMetadataThreadId: null,
    parentThreadId: null,
    forkedFromThreadId: null,
    traceparent: null,
    itemReferenceIds: [],
    moreItemReferences: false,
    namesItems: false,
    sealedDigests: [],
    containerIds: [],
    hasSideEffects: false,
    otherCase: null,
    modelSpan: null,
  };
}
