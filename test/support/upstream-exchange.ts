import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import * as zlib from 'node:zlib';
import { pause } from './until.js';
import { numberParam } from './upstream-faults.js';
import type { Fault } from './upstream-faults.js';
import type { Arrival } from './upstream-ledger.js';

/** One request in the hands of the fake upstream: reads the body, answers, and keeps its ledger entry true. */
export class UpstreamExchange {
  readonly #sent = createHash('sha256');
  body: Buffer = Buffer.alloc(0);
  #declared = false;
  headers: Record<string, string> = {};

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly arrival: Arrival,
  ) {
    res.once('close', () => this.#ended(res.writableFinished ? 'completed' : 'client_closed'));
  }

  /** False when the other side left before the body was complete. */
  async readBody(): Promise<boolean> {
    const hash = createHash('sha256');
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of this.req as AsyncIterable<Buffer>) {
        hash.update(chunk);
        chunks.push(chunk);
        this.arrival.bodyBytes += chunk.length;
      }
    } catch {
      return false; // aborted upload: the ledger entry says so
    }
    this.arrival.bodyComplete = this.req.complete;
    this.arrival.bodySha256 = hash.digest('hex');
    this.body = Buffer.concat(chunks);
    this.arrival.json = parseObject(this.body, this.req.headers['content-encoding']);
    return this.arrival.bodyComplete;
  }

  json(status: number, value: unknown, headers: Record<string, string> = {}): void {
    this.bytes(status, Buffer.from(JSON.stringify(value)), {
      'content-type': 'application/json',
      ...headers,
    });
  }

  bytes(status: number, body: Buffer, headers: Record<string, string>): void {
    this.head(status, { ...headers, 'content-length': String(body.length) });
    this.res.end(this.#count(body));
    this.arrival.responseSha256 = this.#sent.digest('hex');
  }

  head(status: number, headers: Record<string, string>): void {
    this.arrival.status = status;
    this.#declared = 'content-length' in headers;
    this.res.writeHead(status, { ...this.headers, ...headers });
  }

  /** Writes frames one after the other, as the plan says; honours back pressure. */
  async stream(frames: readonly string[], plan: Fault | null, next: () => Promise<void>): Promise<void> {
    this.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    this.res.flushHeaders();
    const interval = numberParam(plan, 'interval', 0);
    const after = ['cut', 'eof', 'stall'].includes(plan?.mode ?? '')
      ? numberParam(plan, 'after', 3)
      : frames.length;
    if (interval === 0 && plan?.mode !== 'stepped') await this.write(frames.slice(0, after).join(''));
    else
      for (const [i, frame] of frames.slice(0, after).entries()) {
        if (i > 0) await (plan?.mode === 'stepped' ? next() : pause(interval));
        if (!(await this.write(frame))) return;
      }
    await this.finishAs(plan?.mode ?? 'end');
  }

  /** Half of a JSON body under a full content-length, then the fault. */
  async half(body: Buffer, mode: string): Promise<void> {
    this.head(200, { 'content-type': 'application/json', 'content-length': String(body.length) });
    await this.write(body.subarray(0, Math.floor(body.length / 2)));
    await this.finishAs(mode);
  }

  async finishAs(mode: string): Promise<void> {
    if (mode === 'stall') return; // held open until the other side gives up
    if (mode === 'cut') {
      await pause(25); // lets what was written arrive: a reset throws away what the receiver has not read yet
      return this.reset();
    }
    if (mode === 'eof') {
      if (!this.#declared) return void this.res.end();
      return this.#broken(() => this.res.socket?.end());
    }
    this.res.end();
    this.arrival.responseSha256 = this.#sent.digest('hex');
  }

  /** False when the other side is gone. */
  async write(data: string | Buffer): Promise<boolean> {
    if (this.res.destroyed || this.arrival.ended !== 'open') return false;
    if (this.res.write(this.#count(Buffer.from(data)))) return true;
    this.arrival.paused = true;
    const heard = new AbortController();
    const { signal } = heard;
    // The one that did not come keeps no listener behind.
    await Promise.any([once(this.res, 'drain', { signal }), once(this.res, 'close', { signal })]);
    heard.abort();
    return !this.res.destroyed;
  }

  reset(): void {
    this.#broken(() => this.req.socket.resetAndDestroy());
  }

  /** Bytes past the HTTP serialiser, then the end of the connection. */
  raw(data: string | Buffer): void {
    this.#broken(() => this.req.socket.end(data));
  }

  #broken(how: () => void): void {
    this.#ended('faulted');
    how();
  }

  #ended(how: Arrival['ended']): void {
    if (this.arrival.ended !== 'open') return;
    this.arrival.ended = how;
    this.arrival.endedAt = Date.now();
  }

  #count(data: Buffer): Buffer {
    this.#sent.update(data);
    this.arrival.responseBytes += data.length;
    return data;
  }
}

function parseObject(body: Buffer, coding: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(decoded(body, coding).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null; // not JSON: the route answers 400
  }
}

type Decode = (body: Buffer) => Buffer;

function decoded(body: Buffer, coding: string | undefined): Buffer {
  switch (coding) {
    case 'gzip':
      return zlib.gunzipSync(body);
    case 'deflate':
      return zlib.inflateSync(body);
    case 'br':
      return zlib.brotliDecompressSync(body);
    case 'zstd':
      // Of Node 22.15 and later; elsewhere no test sends it.
      return (Reflect.get(zlib, 'zstdDecompressSync') as Decode)(body);
    default:
      return body;
  }
}
