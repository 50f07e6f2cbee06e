import { ByteStore } from './byte-store.js';
import { countedLength } from './counted-length.js';
import { isPassedOver, isTerminal, kindOfData, kindOfName } from './sse-kinds.js';
import type { SseKind } from './sse-kinds.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
/** Bytes looked at here before asking native code for the end of the line: enough for blank ones. */
const NEAR = 4;
/** An event larger than this is passed over: nothing in it is worth its memory. */
const MAX_EVENT_BYTES = 16_777_216;

/** No line of interest is recognised by more. */
const LINE_HEAD_BYTES = 64;

/** Called with the data of each event worth reading. True = it was the terminal one: look no further. */
export type SseListener = (data: Buffer, kind: SseKind) => boolean;

/**
 * Finds the few events of a Responses stream that accounting reads, without decoding the others: each line is
 * classified by its first bytes and its end searched natively. Gathers data only of events wanted, or of unknown kind
 * (no `event:` line and `type` not first). LF and CRLF, several `data:` lines, any split of the bytes.
 */
export class SseScanner {
  #kind: SseKind = 'unknown';
  /** Data of the event so far; its lines joined by LF. */
  readonly #data = new ByteStore(MAX_EVENT_BYTES + 1);
  #hasData = false;
  /** Start of a line whose end has not come yet. Nothing is kept for events known to be of no interest. */
  readonly #partial = new ByteStore(MAX_EVENT_BYTES + 1);
  #inLine = false;
  #blank = true;
  #done = false;
  /** Of the event so far. */
  #length = 0;
  #answerBytes = 0;
  /** The first events hold the response's id; once it is known they are of no interest either. */
  wantsStart = true;

  constructor(private readonly listener: SseListener) {}

  /**
   * Of all events that bring something of the answer, each as far as it counts: not of comments, nor of those that only say
   * it has begun.
   */
  get answerBytes(): number {
    return this.#answerBytes;
  }

  get done(): boolean {
    return this.#done;
  }

  /** True at the start and behind a blank line. */
  get atBoundary(): boolean {
    return this.#blank && !this.#inLine;
  }

  /** True when the terminal event ends in this chunk; nothing is read afterwards. */
  push(chunk: Buffer): boolean {
    let from = 0;
    const length = chunk.length;
    while (from < length) {
      const end = endOfLine(chunk, from);
      if (end < 0) {
        this.#keepPartial(chunk, from);
        return false;
      }
      this.#length += end + 1 - from;
      const terminal = this.#inLine ? this.#finishPartial(chunk, from, end) : this.#line(chunk, from, end);
      from = end + 1;
      if (terminal) {
        this.#done = true;
        return true;
      }
    }
    return false;
  }

  /** The stream is over: an event whose blank line never came is still read, for its usage. */
  end(): void {
    if (this.#done) return;
    if (this.#inLine) this.#finishPartial(NOTHING, 0, 0);
    this.#dispatch();
  }

  #keepPartial(chunk: Buffer, from: number): void {
    this.#inLine = true;
    this.#length += chunk.length - from;
    this.#pushPartial(chunk, from, chunk.length);
  }

  #finishPartial(chunk: Buffer, from: number, end: number): boolean {
    this.#pushPartial(chunk, from, end);
    const line = this.#partial.concat();
    this.#partial.clear();
    this.#inLine = false;
    return this.#line(line, 0, line.length);
  }

  /** Of a line whose event is of no interest only the head is kept: it may still be an `event:` line. */
  #pushPartial(chunk: Buffer, from: number, end: number): void {
    const room = isPassedOver(this.#kind) ? LINE_HEAD_BYTES - this.#partial.kept : end - from;
    if (room > 0) this.#partial.push(chunk.subarray(from, Math.min(end, from + room)));
  }

  /** One whole line, without its LF. True when it ends the terminal event. */
  #line(bytes: Buffer, start: number, lineEnd: number): boolean {
    const end = lineEnd > start && bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    if (end === start) return this.#dispatch();
    this.#blank = false;
    const first = bytes[start];
    // `event:` and `data:`; comments, `id:` and `retry:` say nothing here.
    if (first === 0x65 && isField(bytes, start, end, EVENT)) {
      this.#kind = kindOfName(bytes, valueStart(bytes, start + EVENT.length, end), end, this.wantsStart);
    } else if (first === 0x64 && !isPassedOver(this.#kind) && isField(bytes, start, end, DATA)) {
      this.#dataLine(bytes, valueStart(bytes, start + DATA.length, end), end);
    }
    return false;
  }

  #dataLine(bytes: Buffer, start: number, end: number): void {
    if (this.#kind === 'unknown' && !this.#hasData)
      this.#kind = kindOfData(bytes, start, end, this.wantsStart);
    if (isPassedOver(this.#kind)) return;
    if (this.#hasData) this.#data.push(NEW_LINE);
    this.#data.push(bytes.subarray(start, end));
    this.#hasData = true;
  }

  #dispatch(): boolean {
    const kind = this.#kind;
    this.#count(kind);
    // One too large to be read still ends the stream if its name says so.
    const tooLong = this.#data.kept > MAX_EVENT_BYTES;
    const wanted = this.#hasData && !isPassedOver(kind) && (!tooLong || isTerminal(kind));
    const terminal = wanted && this.listener(tooLong ? NOTHING : this.#data.concat(), kind);
    if (this.#hasData) this.#data.clear();
    this.#hasData = false;
    this.#kind = 'unknown';
    this.#blank = true;
    return terminal;
  }

  #count(kind: SseKind): void {
    const hasFields = this.#hasData || kind !== 'unknown';
    if (hasFields && kind !== 'start' && kind !== 'begun') this.#answerBytes += countedLength(this.#length);
    this.#length = 0;
  }
}

const EVENT = Buffer.from('event:');
const DATA = Buffer.from('data:');
const NEW_LINE = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);

function isField(bytes: Buffer, start: number, end: number, field: Buffer): boolean {
  if (end - start < field.length) return false;
  for (let i = 0; i < field.length; i++) if (bytes[start + i] !== field[i]) return false;
  return bytes[start + field.length - 1] === COLON;
}

function valueStart(bytes: Buffer, start: number, end: number): number {
  return start < end && bytes[start] === SPACE ? start + 1 : start;
}

function endOfLine(bytes: Buffer, from: number): number {
  const near = Math.min(from + NEAR, bytes.length);
  for (let i = from; i < near; i++) if (bytes[i] === LINE_FEED) return i;
  return bytes.indexOf(LINE_FEED, near);
}
