import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Resource } from '../../resources/resource.js';
import type { AttemptOutcome } from '../../upstream/attempt-outcome.js';
import { classifyError, parseUpstreamError } from '../../upstream/classify.js';
import { readAnswerHead } from '../answer-head.js';
import type { AnswerHead } from '../answer-head.js';
import type { HeldAnswer } from '../attempt.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { afterNextPoll } from '../second-look.js';
import type { StopCause } from '../stop-reason.js';
import { socketOptions } from './socket-options.js';

/** Refusals are short; what is longer is cut, and its status has to do. */
const HELD_ANSWER_BYTES = 256 * 1024;
/** Answers of an upstream that has no WebSocket there: clients then use HTTP. Any 2xx says the same. */
const NO_WEBSOCKET: ReadonlySet<number> = new Set([404, 405, 426, 501]);

export type HandshakeEnd =
  /** Open and paused: nothing is lost before somebody listens. */
  | { readonly kind: 'open'; readonly socket: WebSocket; readonly head: AnswerHead }
  | {
      readonly kind: 'failed';
      readonly outcome: AttemptOutcome;
      readonly answer: HeldAnswer | null;
      /** The upstream speaks HTTP only, whichever key asks. */
      readonly unavailable: boolean;
    };

/** One handshake with one upstream. Nothing of a request is in it, so every failure may be tried elsewhere. */
export class UpstreamHandshake {
  #socket: WebSocket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #resolve: (end: HandshakeEnd) => void = () => undefined;
  #settled = false;
  #connected = false;
  #head: AnswerHead | null = null;

  constructor(
    private readonly deps: ProxyDependencies,
    private readonly resource: Resource,
  ) {}

  /** `headers`: flat name, value list. `path`: below the resource's base URL, with query. */
  run(path: string, headers: readonly string[]): Promise<HandshakeEnd> {
    const { websocket, upstream } = this.deps.config;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = setTimeout(
        () => afterNextPoll(() => this.#timeout()),
        websocket.handshakeTimeoutMs,
      ).unref();
      // Until a certificate has been accepted nothing of ours has been sent.
      const connects = this.resource.baseUrl.startsWith('https:') ? 'secureConnect' : 'connect';
      const socket = new WebSocket(this.resource.baseUrl.replace(/^http/, 'ws') + path, [], {
        ...socketOptions(websocket),
        headers: fieldsOf(headers),
        maxHeaderSize: upstream.maxHeaderBytes,
        followRedirects: false,
        ...(this.resource.guarded ? { lookup: this.deps.upstream.lookup } : {}),
        finishRequest: (request) => {
          request.once('socket', (tcp) => tcp.once(connects, () => (this.#connected = true)));
          request.end();
        },
      });
      this.#socket = socket;
      socket.on('error', (error) => this.#failed(error));
      socket.once('upgrade', (answer: IncomingMessage) => (this.#head = this.#headOf(answer)));
      socket.once('unexpected-response', (_request, answer: IncomingMessage) => this.#refused(answer));
      socket.once('open', () => {
        socket.pause();
        if (this.#head !== null) this.#end({ kind: 'open', socket, head: this.#head });
      });
    });
  }

  /** Nobody waits for the end any more; it is told all the same. */
  abort(cause: 'client_aborted' | StopCause): void {
    this.#fail({ kind: 'neutral', cause });
  }

  #headOf(answer: IncomingMessage): AnswerHead {
    const raw = answer.rawHeaders.map((text) => Buffer.from(text, 'latin1'));
    return readAnswerHead(answer.statusCode ?? 0, raw, this.deps.clock.now());
  }

  #refused(answer: IncomingMessage): void {
    const head = this.#headOf(answer);
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (): void =>
      this.#answered({ head, body: Buffer.concat(chunks), truncated: !answer.complete });
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > HELD_ANSWER_BYTES) done();
    });
    answer.once('end', done);
    answer.once('error', done);
  }

  #answered(answer: HeldAnswer): void {
    const { status, retryAfterMs, rateLimit } = answer.head;
    this.resource.apiKey.maskIn(answer.body);
    if (status < 200)
      return this.#fail({ kind: 'lost', cause: 'garbage', message: 'a 101 that upgrades nothing' });
    const unavailable = NO_WEBSOCKET.has(status) || status < 300;
    const outcome: AttemptOutcome =
      status < 300
        ? { kind: 'neutral', cause: 'internal' }
        : { kind: 'answered', status, ...parseUpstreamError(answer.body), retryAfterMs, rateLimit };
    this.#end({ kind: 'failed', outcome, answer, unavailable });
  }

  #failed(error: Error): void {
    const outcome = classifyError(error, this.#connected, this.#head !== null);
    const { message } = error;
    // The library's own words for an answer that is no handshake; they carry no code.
    const garbage = outcome.kind === 'neutral' && this.#connected;
    this.#fail(garbage ? { kind: 'lost', cause: 'garbage', message } : outcome);
  }

  #timeout(): void {
    const message = `no handshake within ${this.deps.config.websocket.handshakeTimeoutMs / 1000} s (PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS)`;
    this.#fail(
      this.#connected
        ? { kind: 'lost', cause: 'first_byte_timeout', message }
        : { kind: 'unsent', cause: 'connect_timeout', message },
    );
  }

  #fail(outcome: AttemptOutcome): void {
    this.#end({ kind: 'failed', outcome, answer: null, unavailable: false });
  }

  #end(end: HandshakeEnd): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (end.kind === 'failed') this.#socket?.terminate();
    this.#resolve(end);
  }
}

function fieldsOf(flat: readonly string[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] ?? '';
    const value = flat[i + 1] ?? '';
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else fields[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return fields;
}
