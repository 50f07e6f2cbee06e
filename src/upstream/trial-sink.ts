import type { Secret } from '../common/secret.js';
import { failureOf, type Failure } from './failure-codes.js';
import { ADDRESS_REFUSED } from './guarded-lookup.js';
import { MODEL_LIST_LIMIT, modelIdsOf } from './model-list-sink.js';
import type { UpstreamSink } from './upstream-call.js';

const MOST_CHARACTERS = 300;

export interface TrialFailure {
  readonly kind: Failure | 'address_refused';
  /** The request had been sent: there was a connection. */
  readonly sent: boolean;
  readonly message: string;
}

/** One answer, or why there is none. Every text is without the key. */
export interface TrialAnswer {
  /** Null when no complete answer came. */
  readonly status: number | null;
  readonly contentType: string | null;
  /** Where a redirect points. */
  readonly location: string | null;
  readonly json: boolean;
  readonly tooLarge: boolean;
  /** Of a list of models; null for anything else. */
  readonly models: readonly string[] | null;
  /** `object` of the answer: what it says it is. */
  readonly object: string | null;
  /** `error.message` of the answer. */
  readonly message: string | null;
  readonly failure: TrialFailure | null;
}

/** Gathers one answer within bounds, for somebody who wants to know what is wrong with it. */
export class TrialSink implements UpstreamSink {
  #status: number | null = null;
  #contentType: string | null = null;
  #location: string | null = null;
  #chunks: Buffer[] = [];
  #size = 0;
  #done = false;

  constructor(
    private readonly apiKey: Secret,
    private readonly finish: (answer: TrialAnswer) => void,
  ) {}

  onHead(status: number, raw: readonly Buffer[]): boolean {
    this.#status = status;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i]?.toString('latin1').toLowerCase();
      const value = raw[i + 1]?.toString('latin1') ?? '';
      if (name === 'content-type') this.#contentType = value;
      if (name === 'location') this.#location = value;
    }
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > MODEL_LIST_LIMIT) {
      // Whoever sends without end is not listened to until the time is over.
      queueMicrotask(() => this.#end(null));
      return false;
    }
    this.#chunks.push(chunk);
    return true;
  }

  onEnd(): void {
    this.#end(null);
  }

  onError(error: unknown, sent: boolean): void {
    const refused = error instanceof Error && Reflect.get(error, 'code') === ADDRESS_REFUSED;
    const message = error instanceof Error ? error.message : String(error);
    this.#end({ kind: refused ? 'address_refused' : failureOf(error), sent, message: this.#shown(message) });
  }

  timeout(limitMs: number, sent: boolean): void {
    const kind = sent ? 'first_byte_timeout' : 'connect_timeout';
    this.#end({ kind, sent, message: `no answer within ${(limitMs / 1_000).toFixed(1)} s` });
  }

  #end(failure: TrialFailure | null): void {
    if (this.#done) return;
    this.#done = true;
    const tooLarge = this.#size > MODEL_LIST_LIMIT;
    const body = tooLarge ? Buffer.alloc(0) : Buffer.concat(this.#chunks);
    const parsed = jsonOf(body);
    const message = messageIn(parsed);
    this.finish({
      status: failure === null ? this.#status : null,
      contentType: this.#shownOrNull(this.#contentType),
      location: this.#shownOrNull(this.#location),
      json: parsed !== undefined,
      tooLarge,
      models: modelIdsOf(body)?.map((id) => this.#shown(id)) ?? null,
      object: objectIn(parsed),
      message: this.#shownOrNull(message),
      failure,
    });
  }

  #shownOrNull(text: string | null): string | null {
    return text === null ? null : this.#shown(text);
  }

  /** An upstream may send back what it was sent. */
  #shown(text: string): string {
    const key = this.apiKey.reveal();
    return (key === '' ? text : text.replaceAll(key, '[secret]')).slice(0, MOST_CHARACTERS);
  }
}

/** Undefined for what is no JSON. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function objectIn(parsed: unknown): string | null {
  const object = (parsed as { object?: unknown } | null | undefined)?.object;
  return typeof object === 'string' ? object : null;
}

function messageIn(parsed: unknown): string | null {
  const message = (parsed as { error?: { message?: unknown } | null } | null | undefined)?.error?.message;
  return typeof message === 'string' ? message : null;
}
