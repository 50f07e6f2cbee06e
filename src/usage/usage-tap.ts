import { MAX_SEALED_DIGESTS } from '../common/sealed-digest.js';
import { ByteStore } from './byte-store.js';
import type { CaptureRoom } from './capture-room.js';
import { countedLength } from './counted-length.js';
import { decodeBody } from './decode-body.js';
import { JsonThinner } from './json-thinner.js';
import { isTerminal } from './sse-kinds.js';
import type { SseKind, Terminal } from './sse-kinds.js';
import { SseScanner } from './sse-scanner.js';
import type { TokenUsage } from './token-usage.js';
import { MAX_ITEM_IDS, parseObject } from './usage-parser.js';
import type { ParsedObject } from './usage-parser.js';

export type { Terminal } from './sse-kinds.js';

export interface TapOptions {
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly contentLength: number | null;
  readonly maxCaptureBytes: number;
  /** Shared by all answers under way; without one only the limits of a body hold. */
  readonly room?: CaptureRoom;
}

export interface TapResult {
  readonly terminal: Terminal | null;
  readonly usage: TokenUsage | null;
  /** Only of a response that can be asked for again: not of a compaction, not of one just deleted. */
  readonly responseId: string | null;
  readonly conversationId: string | null;
  readonly servedModel: string | null;
  /** As the answer names it last: at its beginning it may be the one asked for. */
  readonly serviceTier: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** Of the output's encrypted items, last 8, oldest first. */
  readonly sealedDigests: readonly string[];
  /** Of the output's items, last 1,024, oldest first. */
  readonly itemIds: readonly string[];
  /** Of what a list shows. */
  readonly listedIds: readonly string[];
  readonly isSse: boolean;
  /** What came of the answer itself, as far as it counts; of a stream its events that say more than that it has begun. */
  readonly answerBytes: number;
  /** As received, also when coded. `size` is that of the whole body. */
  readonly captured: { readonly chunks: Buffer[]; readonly size: number; readonly truncated: boolean };
}

/** Most of a coded body that is held to read its usage, whatever may be captured. */
const MAX_BODY_BYTES = 16_777_216;

const TERMINAL_TYPES: ReadonlyMap<string, Terminal> = new Map([
  ['response.completed', 'completed'],
  ['response.incomplete', 'incomplete'],
  ['response.failed', 'failed'],
  ['error', 'error'],
]);
const TERMINAL_STATUSES: ReadonlyMap<string, Terminal> = new Map([
  ['completed', 'completed'],
  ['incomplete', 'incomplete'],
  ['failed', 'failed'],
]);

type Mode = 'sse' | 'whole';

/**
 * Reads over the relay's shoulder: sees each chunk before it is forwarded, alters nothing, never throws, and holds at
 * most the capture limit plus one event (or a coded body) of 16 MB. A JSON body beyond what is captured is held without
 * its long strings: enough for its usage.
 */
export class UsageTap {
  readonly #mode: Mode;
  readonly #isSse: boolean;
  readonly #store: ByteStore;
  readonly #sse: SseScanner;
  #thin: JsonThinner | null = null;
  #completed = false;
  #ended = false;
  #terminal: Terminal | null = null;
  #usage: TokenUsage | null = null;
  #responseId: string | null = null;
  #conversationId: string | null = null;
  #servedModel: string | null = null;
  #serviceTier: string | null = null;
  #errorCode: string | null = null;
  #errorMessage: string | null = null;
  #sealed: string[] = [];
  /** In the order they were first told of. */
  readonly #items = new Set<string>();
  #listed: readonly string[] = [];
  readonly #coding: string | null;

  constructor(private readonly options: TapOptions) {
    this.#coding = codingOf(options.contentEncoding);
    this.#isSse = /^\s*text\/event-stream\b/i.test(options.contentType ?? '');
    this.#mode = this.#isSse && this.#coding === null ? 'sse' : 'whole';
    const capture = Math.max(0, options.maxCaptureBytes);
    this.#store = new ByteStore(
      this.#coding === null ? capture : Math.max(capture, MAX_BODY_BYTES),
      // A coded body is read from what is held of it, so it is held whatever others do; so is the thinned one.
      this.#coding === null ? (options.room ?? null) : null,
    );
    this.#sse = new SseScanner((data, kind) => this.#event(data, kind));
  }

  /** No event is half sent: words of our own may follow. */
  get atEventBoundary(): boolean {
    return this.#mode === 'sse' && this.#sse.atBoundary;
  }

  /** True once: with this chunk the terminal event (SSE) or the body (of known length) is complete. */
  push(chunk: Buffer): boolean {
    this.#store.push(chunk);
    if (this.#completed) return false;
    if (this.#mode === 'sse') {
      this.#completed = this.#sse.push(chunk);
      return this.#completed;
    }
    if (this.#coding === null && this.#store.kept < this.#store.seen) this.#pushThin(chunk);
    if (this.#store.seen === this.options.contentLength) {
      this.#completed = true;
      this.#readWhole();
    }
    return this.#completed;
  }

  /** The body is over, well or not. What is there is read. */
  end(): void {
    if (this.#ended || this.#completed) return;
    this.#ended = true;
    if (this.#mode === 'whole') return this.#readWhole();
    this.#sse.end();
    // The client never got the end of that event, so to it the stream is unfinished; its usage is real all the same.
    this.#terminal = null;
  }

  result(): TapResult {
    const capture = Math.max(0, this.options.maxCaptureBytes);
    const size = this.#store.seen;
    return {
      terminal: this.#terminal,
      usage: this.#usage,
      responseId: this.#responseId,
      conversationId: this.#conversationId,
      servedModel: this.#servedModel,
      serviceTier: this.#serviceTier,
      errorCode: this.#errorCode,
      errorMessage: this.#errorMessage,
      sealedDigests: this.#sealed,
      itemIds: [...this.#items],
      listedIds: this.#listed,
      isSse: this.#isSse,
      answerBytes: this.#isSse ? this.#sse.answerBytes : countedLength(size),
      captured: {
        chunks: this.#store.chunks(Math.min(capture, this.#store.kept)),
        size,
        truncated: size > Math.min(capture, this.#store.kept),
      },
    };
  }

  /** The result has been used: what is held is let go. */
  release(): void {
    this.#completed = true;
    this.#store.release();
    this.#thin = null;
  }

  #pushThin(chunk: Buffer): void {
    if (this.#thin !== null) return this.#thin.push(chunk);
    this.#thin = new JsonThinner();
    for (const kept of this.#store.chunks()) this.#thin.push(kept);
    this.#thin.push(chunk.subarray(chunk.length - (this.#store.seen - this.#store.kept)));
  }

  /** The body as text, whole or thinned; null when it was too much to hold, or is not what its coding says. */
  #whole(): Buffer | null {
    if (this.#thin !== null) return this.#thin.text();
    if (this.#store.seen > this.#store.kept) return null;
    const raw = this.#store.concat();
    return this.#coding === null ? raw : decodeBody(raw, this.#coding);
  }

  #readWhole(): void {
    const body = this.#whole();
    if (body === null) return;
    if (this.#isSse) {
      this.#sse.push(body);
      this.#sse.end();
      return;
    }
    const parsed = parseObject(body);
    if (parsed === null) return;
    this.#learn(parsed);
    this.#terminal = isResponse(parsed)
      ? (TERMINAL_STATUSES.get(parsed.status ?? '') ?? null)
      : parsed.errorMessage !== null || parsed.errorCode !== null
        ? 'error'
        : null;
  }

  /** One event that may matter. True = terminal. */
  #event(data: Buffer, kind: SseKind): boolean {
    const parsed = parseObject(data);
    // The data's own type counts; the event's name only where that cannot be read.
    const named = isTerminal(kind) ? kind : null;
    const terminal =
      parsed === null || parsed.type === null ? named : (TERMINAL_TYPES.get(parsed.type) ?? null);
    if (parsed !== null) this.#learnEvent(parsed, terminal);
    if (terminal !== null) this.#terminal = terminal;
    return terminal !== null;
  }

  #learnEvent(parsed: ParsedObject, terminal: Terminal | null): void {
    if (parsed.response !== null) this.#learn(parsed.response);
    this.#addItems(parsed);
    if (this.#responseId !== null) this.#sse.wantsStart = false;
    if (terminal !== 'error') return;
    this.#learnError(parsed);
    this.#errorCode ??= parsed.code;
    this.#errorMessage ??= parsed.message;
  }

  #learn(parsed: ParsedObject): void {
    if (isResponse(parsed) && !parsed.deleted) this.#responseId = parsed.id ?? this.#responseId;
    if (parsed.object === 'conversation' && !parsed.deleted) this.#conversationId = parsed.id;
    this.#conversationId = parsed.conversationId ?? this.#conversationId;
    this.#servedModel = parsed.model ?? this.#servedModel;
    this.#serviceTier = parsed.serviceTier ?? this.#serviceTier;
    this.#usage = parsed.usage ?? this.#usage;
    this.#learnError(parsed);
    this.#addItems(parsed);
    if (parsed.object === 'list') this.#listed = parsed.listedIds;
  }

  #learnError(parsed: ParsedObject): void {
    this.#errorCode = parsed.errorCode ?? this.#errorCode;
    this.#errorMessage = parsed.errorMessage ?? this.#errorMessage;
  }

  #addItems({ sealedDigests, itemIds }: ParsedObject): void {
    this.#sealed = lastOf(this.#sealed, sealedDigests, MAX_SEALED_DIGESTS);
    for (const id of itemIds) this.#addItem(id);
  }

  /** The same answer tells of an item more than once. */
  #addItem(id: string): void {
    this.#items.add(id);
    if (this.#items.size <= MAX_ITEM_IDS) return;
    for (const oldest of this.#items) {
      this.#items.delete(oldest);
      return;
    }
  }
}

function lastOf(known: string[], more: readonly string[], most: number): string[] {
  return more.length === 0 ? known : [...new Set([...known, ...more])].slice(-most);
}

/** `object` says so; upstreams that leave it out still name their responses. */
function isResponse(parsed: ParsedObject): boolean {
  return parsed.object === null ? parsed.id?.startsWith('resp_') === true : parsed.object === 'response';
}

function codingOf(contentEncoding: string | null): string | null {
  const coding = contentEncoding?.trim().toLowerCase() ?? '';
  return coding === '' || coding === 'identity' ? null : coding;
}
