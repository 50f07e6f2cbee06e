import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Response } from 'express';
import { DrainState } from '../common/drain-state.js';
import { ProxyError } from '../common/errors.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import { StateViewService } from './state-view.service.js';

const MAX_CONNECTIONS = 50;
/** So that one machine, or one forgotten script on it, does not keep the dashboard from everybody else. */
const MAX_PER_ADDRESS = 10;
const COALESCE_MS = 250;
const HEARTBEAT_MS = 5_000;
/** A reader this far behind is dropped; it reconnects and gets the whole state at once. */
const MAX_BACKLOG_BYTES = 1_048_576;

/**
 * Sends the live state to every open dashboard. One subscription and one rendering serve all of them, however many
 * they are; with nobody listening nothing is rendered and no timer runs.
 */
@Injectable()
export class LiveEventsService implements BeforeApplicationShutdown {
  readonly #readers = new Map<Response, string>();
  #unsubscribe: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** True while the timer is the short one, set by a change. */
  #changed = false;
  #closed = false;

  constructor(
    private readonly state: StateViewService,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    private readonly drain: DrainState,
  ) {}

  get readers(): number {
    return this.#readers.size;
  }

  /** Takes over the answer: headers, the state as it is, then every change until either side ends. */
  open(res: Response): void {
    if (this.#closed)
      throw new ProxyError('server_shutdown', 'The proxy is stopping; reconnect in a moment.');
    res.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    if (res.req.method === 'HEAD') {
      res.end();
      return;
    }
    const address = res.req.socket.remoteAddress ?? '';
    this.#refuseTooMany(address);
    res.once('close', () => this.#remove(res));
    res.write(`retry: 2000\n\n${this.#render()}`);
    this.#readers.set(res, address);
    this.#unsubscribe ??= this.live.subscribe(() => this.#onChange());
    if (this.#timer === null) this.#schedule(HEARTBEAT_MS);
  }

  /** Ends every stream and takes no more: the first step of a drain. */
  endAll(): void {
    this.#closed = true;
    for (const res of this.#readers.keys()) res.end();
  }

  beforeApplicationShutdown(): void {
    this.endAll();
  }

  #refuseTooMany(address: string): void {
    const own = [...this.#readers.values()].filter((reader) => reader === address).length;
    if (this.#readers.size < MAX_CONNECTIONS && own < MAX_PER_ADDRESS) return;
    const count =
      own < MAX_PER_ADDRESS
        ? `${MAX_CONNECTIONS} dashboards`
        : `${MAX_PER_ADDRESS} dashboards of this address`;
    throw new ProxyError('overloaded', `${count} are connected already; close one.`, {
      retryAfterSeconds: 10,
    });
  }

  /** The first change starts the short wait and the rest ride along, so a burst costs four renderings a second. */
  #onChange(): void {
    if (this.#changed || this.#readers.size === 0) return;
    this.#changed = true;
    this.#schedule(COALESCE_MS);
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), delayMs);
    this.#timer.unref();
  }

  #send(): void {
    this.#changed = false;
    const event = this.#render();
    for (const res of this.#readers.keys()) {
      if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
      else res.write(event);
    }
    // The last state has been sent; a stream that stayed would only keep the process from stopping.
    if (this.drain.draining) this.endAll();
    else this.#schedule(HEARTBEAT_MS);
  }

  #render(): string {
    return `data: ${JSON.stringify(this.state.now())}\n\n`;
  }

  #remove(res: Response): void {
    this.#readers.delete(res);
    if (this.#readers.size > 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#changed = false;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }
}
