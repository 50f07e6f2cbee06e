import { framingConflict } from '../../upstream/response-headers.js';
import type { UpstreamSink } from '../../upstream/upstream-call.js';
import { readAnswerHead } from '../answer-head.js';
import { callersList } from './callers-list.js';
import type { ModelObject } from './listed-alias.js';

/** Lists are tens of kilobytes; a longer one passes as it is. */
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

/**
 * Stands between a call for the list of models and who hears its answer, adds the aliases and leaves
 * out what is not for the caller. What is not a list, or
 * not a good answer, passes as it comes. A list that breaks off has shown the client nothing yet: another key may be asked.
 */
export class ListEditor implements UpstreamSink {
  /** While the body is held. */
  #head: { readonly status: number; readonly raw: readonly Buffer[] } | null = null;
  #held: Buffer[] = [];
  #size = 0;

  constructor(
    private readonly sink: UpstreamSink,
    private readonly models: readonly ModelObject[],
    private readonly allowed: readonly string[] | null,
  ) {}

  onHead(status: number, raw: readonly Buffer[]): boolean {
    if (!mayHoldList(status, raw)) return this.sink.onHead(status, raw);
    this.#head = { status, raw };
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    if (this.#head === null) return this.sink.onChunk(chunk);
    this.#held.push(chunk);
    this.#size += chunk.length;
    return this.#size <= MAX_LIST_BYTES || this.#pass();
  }

  onEnd(): void {
    const head = this.#head;
    if (head !== null) {
      const list = callersList(Buffer.concat(this.#held), this.models, this.allowed);
      if (list !== null) {
        this.#head = { status: head.status, raw: headersOf(head.raw, list.length) };
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

function mayHoldList(status: number, raw: readonly Buffer[]): boolean {
  if (status !== 200 || framingConflict(raw) !== null) return false;
  const { contentType, contentEncoding, contentLength } = readAnswerHead(status, raw, 0);
  if (!JSON_TYPE.test(contentType ?? '')) return false;
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') return false;
  return (contentLength ?? 0) <= MAX_LIST_BYTES;
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
