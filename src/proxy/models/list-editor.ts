import { framingConflict } from '../../upstream/response-headers.js';
import type { UpstreamSink } from '../../upstream/upstream-call.js';
import { readAnswerHead } from '../answer-head.js';
import { callersList, ownList } from './callers-list.js';
import type { ModelObject } from './listed-alias.js';

/** Lists are tens of kilobytes; a longer one is not held. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;
const JSON_TYPE = /^application\/json\b/i;
/** Say something about the bytes the upstream sent, or about when those change. */
const OF_THE_ORIGINAL: ReadonlySet<string> = new Set([
  'etag',
  'last-modified',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
]);

/** Of a body that is not the upstream's any more. */
const OF_ANOTHER_BODY: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'content-range']);

/**
 * Stands between a call for the list of models and who hears its answer, adds the aliases and leaves out what is not for
 * the caller. What is not a list, or not a good answer, passes as it comes; but a good answer that cannot be read is no
 * list for a caller that may see some of it: it gets one of the aliases alone. A list that breaks off has shown the client
 * nothing yet: another key may be asked.
 */
export class ListEditor implements UpstreamSink {
  /** While the body is held. */
  #head: { readonly status: number; readonly raw: readonly Buffer[] } | null = null;
  #held: Buffer[] = [];
  #size = 0;
  /** Is not held, and the client does not see it. */
  #unread = false;

  constructor(
    private readonly sink: UpstreamSink,
    private readonly models: readonly ModelObject[],
    private readonly allowed: readonly string[] | null,
  ) {}

  onHead(status: number, raw: readonly Buffer[]): boolean {
    this.#unread = !mayHoldList(status, raw);
    if (this.#unread && (this.allowed === null || !isGood(status, raw))) return this.sink.onHead(status, raw);
    this.#head = { status, raw };
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    if (this.#head === null) return this.sink.onChunk(chunk);
    if (this.#unread) return true;
    this.#held.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= MAX_LIST_BYTES) return true;
    if (this.allowed === null) return this.#pass();
    this.#unread = true;
    this.#held = [];
    return true;
  }

  onEnd(): void {
    const head = this.#head;
    if (head !== null) {
      const unread = this.#unread;
      const list = unread
        ? ownList(this.models)
        : callersList(Buffer.concat(this.#held), this.models, this.allowed);
      if (list !== null) {
        const raw = headersOf(unread ? ownHeaders(head.raw) : head.raw, list.length);
        this.#head = { status: unread ? 200 : head.status, raw };
        this.#held = [list];
      }
      this.#pass();
    }
    this.sink.onEnd();
  }

  onError(error: unknown, sent: boolean): void {
    this.sink.onError(error, sent);
  }

  #pass(): boolean {
    const head = this.#head;
    this.#head = null;
    let goOn = head === null || this.sink.onHead(head.status, head.raw);
    for (const chunk of this.#held.splice(0)) goOn = this.sink.onChunk(chunk);
    return goOn;
  }
}

function isGood(status: number, raw: readonly Buffer[]): boolean {
  return status >= 200 && status < 300 && framingConflict(raw) === null;
}

function mayHoldList(status: number, raw: readonly Buffer[]): boolean {
  if (status !== 200 || framingConflict(raw) !== null) return false;
  const { contentType, contentEncoding, contentLength } = readAnswerHead(status, raw, 0);
  if (!JSON_TYPE.test(contentType ?? '')) return false;
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') return false;
  return (contentLength ?? 0) <= MAX_LIST_BYTES;
}

function ownHeaders(raw: readonly Buffer[]): Buffer[] {
  const kept = raw.filter((_, i) => !OF_ANOTHER_BODY.has(String(raw[i - (i % 2)]).toLowerCase()));
  return [...kept, Buffer.from('content-type'), Buffer.from('application/json')];
}

function headersOf(raw: readonly Buffer[], length: number): Buffer[] {
  const kept: Buffer[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i], raw[i + 1]];
    const lower = name?.toString('latin1').toLowerCase() ?? '';
    if (name === undefined || value === undefined || OF_THE_ORIGINAL.has(lower)) continue;
    kept.push(name, lower === 'content-length' ? Buffer.from(String(length)) : value);
  }
  return kept;
}
