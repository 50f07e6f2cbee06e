import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Lease } from '../../balancer/lease.js';
import type { Exchange } from '../exchange.js';
import { drainsFor } from '../on-disconnect.js';
import { causeOf, closeOf, stopping, type StopReason } from '../stop-reason.js';
import { CLIENT_PATIENCE_MS, UPSTREAM_PATIENCE_MS, closeLike, endSocket } from './close-socket.js';
import { maskKey, type RelayParts } from './connection-facts.js';
import { errorMessage } from './error-message.js';
import { type ClientFrame, readClientFrame } from './frames.js';
import type { UpstreamLink } from './handshake-loop.js';
import { hear, type Message } from './hear.js';
import { IncomingBytes } from './incoming-bytes.js';
import { MessageLine } from './message-line.js';
import { wayOf } from './move-link.js';
import { bothWays, type Pump } from './pump.js';
import { toldAs } from './refused-turn.js';
import { unsent } from './session-errors.js';
import { limitReached } from './session-limits.js';
import { Silence } from './silence.js';
import { TurnBook } from './turn-book.js';
import { TurnOpener } from './turn-opener.js';

const CHECK_MS = 1_000;
const NOTHING = Buffer.alloc(0);

/** A client's connection and the upstream's behind it: relays messages both ways and keeps the book on the responses. */
export class WebsocketSession {
  readonly #book: TurnBook;
  readonly #opener: TurnOpener;
  readonly #watch: NodeJS.Timeout;
  readonly #incoming: IncomingBytes;
  #up: Pump;
  #down: Pump;
  readonly #line: MessageLine;
  /** The create that waits for a place or another upstream. */
  #moving: Exchange | null = null;
  /** The upstream there is may be left. */
  #leaving = false;
  /** A message has gone upstream: from then on the connection stays where it is. */
  #used = false;
  #draining = false;
  #closed = false;
  #clientGone = false;
  readonly #silence: Silence;
  #hearWhatWasMissed: () => void = () => undefined;

  constructor(
    private readonly parts: RelayParts,
    private readonly client: WebSocket,
    connection: Socket,
    public link: UpstreamLink,
    handshake: Exchange,
    private readonly onEnd: () => void,
  ) {
    this.#opener = new TurnOpener(parts, handshake, this);
    this.#book = new TurnBook(parts.bodies, this.#opener);
    [this.#up, this.#down] = this.#pumps();
    this.#line = new MessageLine(client, {
      take: (message) => this.#take(message),
      waited: () => {
        this.#moving = null;
        this.#hearWhatWasMissed();
      },
      emptied: () => this.#endIfDrained(),
      stalled: () => this.#up.stalledAt !== null,
      over: () => this.#over,
      abandon: (held) => this.#opener.abandon(held, this.#clientGone, this.#draining),
    });
    this.#silence = new Silence(parts.deps.clock);
    const pause = Math.min(CHECK_MS, parts.deps.config.websocket.idleTimeoutMs / 2);
    this.#watch = setInterval(() => this.#check(), pause).unref();
    this.#incoming = new IncomingBytes(client, connection, parts.bodies, (error) => this.#overloaded(error));
    client.on('message', (data: Buffer, binary) => this.#onClient({ data, binary }));
    client.once('close', (code, reason) => this.#clientLeft(code, reason));
    // The library closes with the code that fits (1002, 1007, 1008, 1009); for the upstream this side is gone.
    client.on('error', () => this.#clientLeft(1001, NOTHING));
    this.#listen(link);
  }

  /** Responses that have not ended, with one that waits for its connection. */
  get open(): number {
    return this.#book.size + (this.#moving === null ? 0 : 1);
  }

  get #over(): boolean {
    return this.#closed || this.#clientGone;
  }

  /** The process stops: the connection ends now, or behind the last of its open responses. */
  drain(): void {
    this.#draining = true;
    if (this.open === 0) this.#close(1012, 'restarting');
  }

  /** Ends now: the time to drain is over, or its caller may not go on. */
  stop(why: StopReason): void {
    const owed = this.#book.size > 0;
    this.#moving?.stop(why);
    this.#book.endAll(causeOf(why));
    if (owed) this.#tell(errorMessage(why, null));
    this.#close(...closeOf(why));
  }

  #pumps(): [Pump, Pump] {
    const mark = this.parts.deps.config.websocket.maxBufferedBytes;
    const { clock } = this.parts.deps;
    return bothWays(this.client, this.link.socket, mark, () => clock.monotonic());
  }

  #listen({ socket }: UpstreamLink): void {
    this.#hearWhatWasMissed = hear(socket, {
      matters: () => this.link.socket === socket && !this.#leaving,
      onMessage: (message) => this.#onUpstream(message),
      onClose: (code, reason) => this.#upstreamLeft(code, reason),
    });
  }

  #onClient(message: Message): void {
    if (this.#closed) return;
    this.#silence.sent();
    this.#line.arrived(message);
  }

  #take(message: Message): void {
    let frame: ClientFrame | null = null;
    try {
      frame = readClientFrame(message.data);
      if (frame.type !== 'response.create') return this.#other(message, frame);
    } catch (error: unknown) {
      return this.#refuse(this.#opener.exchange(message.data), error, frame?.lane ?? null);
    }
    this.#create(message, frame.lane);
  }

  #other(message: Message, frame: ClientFrame): void {
    const { data } = message;
    const go = (): void => {
      this.#opener.ask(data, frame, this.#book);
      this.#forward(message);
    };
    const looked = this.#opener.checkOther(data, this.#book);
    if (looked === null) return go();
    const refuse = (error: unknown): void => this.#refuse(this.#opener.exchange(data), error, frame.lane);
    void this.#line.waitFor(looked, () => (this.#over ? undefined : go()), refuse);
  }

  #create(message: Message, lane: string): void {
    const exchange = this.#opener.exchange(message.data);
    try {
      this.#book.checkRoom();
      if (this.#draining) throw stopping();
      this.#opener.read(exchange);
      const place = this.#opener.withFallbacks(exchange, () => this.#placeFor(exchange));
      if (place instanceof Promise) void this.#park(exchange, message, lane, place);
      else this.#dispatch(exchange, message, lane, place);
    } catch (error: unknown) {
      this.#refuse(exchange, error, lane);
    }
  }

  #placeFor(exchange: Exchange): Lease | Promise<Lease> {
    const going = wayOf(this.parts, exchange, this.link, this.#used ? this.#book : null);
    return going === null ? this.#opener.place(exchange, this.link, this.#book) : this.#goTo(going, exchange);
  }

  #dispatch(exchange: Exchange, message: Message, lane: string, lease: Lease): void {
    if (this.#book.size === 0) this.#silence.owed();
    this.#book.wait(this.#opener.open(exchange, this.link, lane, lease));
    this.#forward({ ...message, data: this.#opener.outgoing(exchange, message.data) });
  }

  #forward({ data, binary }: Message): void {
    this.#used = true;
    this.#up.send(data, binary);
  }

  #refuse(exchange: Exchange, error: unknown, lane: string | null): void {
    this.#tell(errorMessage(this.#opener.refuse(exchange, error), lane));
  }

  #park(exchange: Exchange, message: Message, lane: string, place: Promise<Lease>): Promise<void> {
    this.#moving = exchange;
    const go = (lease: Lease): void => {
      if (this.#over) {
        lease.release({ kind: 'neutral', cause: 'client_aborted' });
        throw this.#draining ? stopping() : unsent();
      }
      this.#dispatch(exchange, message, lane, lease);
    };
    return this.#line.waitFor(place, go, (error) => this.#refuse(exchange, error, lane));
  }

  /** The client knows nothing of upstreams: the connection may still go to the right one. */
  async #goTo(going: Promise<UpstreamLink>, exchange: Exchange): Promise<Lease> {
    this.client.pause();
    this.#leaving = true;
    try {
      const link = await going;
      if (this.#closed) {
        link.socket.terminate();
        throw stopping();
      }
      if (link !== this.link) this.#become(link);
    } finally {
      this.#leaving = false;
    }
    return this.#opener.place(exchange, this.link, this.#book);
  }

  #become(link: UpstreamLink): void {
    const old = this.link.socket;
    this.link = link;
    [this.#up, this.#down] = this.#pumps();
    endSocket(old, 1000, '', UPSTREAM_PATIENCE_MS);
    this.#listen(link);
  }

  #onUpstream(message: Message): void {
    if (this.#closed) return;
    const { data } = message;
    this.#silence.heard();
    maskKey(this.parts.deps, this.link.resource, data);
    const refused = this.#book.observe(data);
    if (refused?.answer.kind === 'again') return this.#close(1012, 'send the request again');
    if (!this.#clientGone) this.#down.send(refused === null ? data : toldAs(refused, data), message.binary);
    if (this.#clientGone && this.#book.size === 0) this.#close(1000, '');
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.#draining && this.open === 0) this.#close(1012, 'restarting');
  }

  #tell(message: Buffer): void {
    if (!this.#clientGone) this.#down.send(message, false);
  }

  #clientLeft(code: number, reason: Buffer): void {
    if (this.#clientGone) return;
    this.#clientGone = true;
    this.#moving?.clientClosed();
    for (const turn of this.#book.turns) turn.exchange.clientClosed();
    if (this.#closed) return;
    const owed = this.#book.size > 0;
    if (owed && drainsFor(this.parts.deps.config.onDisconnect, this.link.resource)) return;
    this.#book.endAll('client_gone');
    // In the middle of a response the upstream must stop at once, not when it gets around to reading a close.
    if (owed) this.link.socket.terminate();
    else closeLike(this.link.socket, code, reason, UPSTREAM_PATIENCE_MS);
    this.#finish();
  }

  #upstreamLeft(code: number, reason: Buffer): void {
    if (this.#closed) return;
    const message = `the upstream closed the WebSocket (${code})`;
    this.#book.endAll('cut', { kind: 'lost', cause: code === 1006 ? 'reset' : 'eof', message });
    this.link.resource.apiKey.maskIn(reason);
    closeLike(this.client, code, reason, CLIENT_PATIENCE_MS);
    this.link.socket.terminate();
    this.#finish();
  }

  #close(code: number, reason: string): void {
    if (this.#closed) return;
    endSocket(this.client, code, reason, CLIENT_PATIENCE_MS);
    endSocket(this.link.socket, 1000, '', UPSTREAM_PATIENCE_MS);
    this.#finish();
  }

  /** No room for the rest of a message, and none to put down what is here of it. */
  #overloaded(error: unknown): void {
    if (this.#closed) return;
    this.#refuse(this.#opener.exchange(NOTHING), error, null);
    this.#book.endAll('overloaded');
    endSocket(this.client, 1013, 'overloaded', UPSTREAM_PATIENCE_MS);
    this.#close(1013, 'overloaded');
  }

  #finish(): void {
    this.#closed = true;
    this.#book.close();
    this.#opener.expire(Infinity);
    this.#incoming.stop();
    clearInterval(this.#watch);
    this.onEnd();
  }

  #check(): void {
    this.#opener.expire(this.parts.deps.clock.monotonic());
    const times = this.#silence.times(this.#book.turns, this.open, this.#up, this.#down);
    const over = limitReached(times, this.parts.deps.config);
    if (over === null) return;
    if (over.kind === 'idle') return this.#close(1001, 'idle');
    this.#book.endAll(over.how, over.failure);
    if (over.code === null) this.client.terminate();
    this.link.socket.terminate();
    this.#close(over.code ?? 1000, over.reason.slice(0, 100));
  }
}
