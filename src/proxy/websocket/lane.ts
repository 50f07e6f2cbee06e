import type { Ask } from './kept-asks.js';
import type { WebsocketTurn } from './websocket-turn.js';

/**
 * The responses of one lane. Creates wait in the order they were sent; each `response.created` opens the next of them,
 * or one that nobody created: the successor of a steered response.
 */
export class Lane {
  readonly #waiting: WebsocketTurn[] = [];
  readonly #open: WebsocketTurn[] = [];
  /** The last one that ended had been steered: the next to open continues it, whoever waits. */
  #steered = false;
  /** The last one that opened, for its successor. */
  last: WebsocketTurn | null = null;
  /** The client's last `response.steer`: what a successor is asked with. */
  ask: Ask | null = null;
  /** How many of them may be refused yet. */
  asks = 0;

  /** Every response that has not ended. */
  get turns(): readonly WebsocketTurn[] {
    return [...this.#open, ...this.#waiting];
  }

  get size(): number {
    return this.#open.length + this.#waiting.length;
  }

  wait(turn: WebsocketTurn): void {
    this.#waiting.push(turn);
  }

  /** The waiting one that now begins; null when nobody asked for what begins. */
  begin(): WebsocketTurn | null {
    const turn = this.#steered ? null : (this.#waiting.shift() ?? null);
    this.#steered = false;
    if (turn !== null) this.begun(turn);
    return turn;
  }

  begun(turn: WebsocketTurn): void {
    this.#open.push(turn);
    this.last = turn;
  }

  /** Whose an ordinary message is: the one that began last. */
  get current(): WebsocketTurn | null {
    return this.#open.at(-1) ?? null;
  }

  /** Whose an end is, when it names `responseId`; one that never told its id takes what comes. */
  endingOf(responseId: string | null): WebsocketTurn | null {
    const named = this.#open.find((turn) => responseId !== null && turn.responseId === responseId);
    return named ?? this.#open[0] ?? this.#waiting[0] ?? null;
  }

  /**
   * Whose an error without an id is: a refusal belongs to the one that waits to begin, else to the client's last message
   * that was no create (a steer), which ends nobody; a breakdown belongs to the one that runs, if there is one.
   */
  failing(status: number | null): WebsocketTurn | 'ask' | null {
    const refusal = status !== null && status >= 400 && status < 500 && status !== 429;
    const [running = null, waiting = null] = [this.#open[0], this.#waiting[0]];
    const ask = this.ask === null ? null : 'ask';
    return refusal ? (waiting ?? ask ?? running) : (running ?? waiting ?? ask);
  }

  /** The first that waits to begin. */
  get next(): WebsocketTurn | null {
    return this.#waiting[0] ?? null;
  }

  remove(turn: WebsocketTurn, steered: boolean): void {
    for (const list of [this.#open, this.#waiting]) {
      const at = list.indexOf(turn);
      if (at >= 0) list.splice(at, 1);
    }
    if (steered) this.#steered = true;
  }
}
