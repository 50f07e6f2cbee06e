import { ProxyError } from '../../common/errors.js';
import type { AttemptOutcome } from '../../upstream/attempt-outcome.js';
import { parseObject } from '../../usage/usage-parser.js';
import type { BodyBudget } from '../body-budget.js';
import type { CommittedEnd } from '../ending.js';
import { DEFAULT_LANE, laneOf, readErrorFrame, saysAskFailed, serverKind } from './frames.js';
import { type Ask, KeptAsks } from './kept-asks.js';
import { Lane } from './lane.js';
import type { WebsocketTurn } from './websocket-turn.js';

/** More than an upstream runs or queues on one connection (16), with room. */
const MAX_TURNS = 64;
const MAX_LANES = 64;
const STEERED = Buffer.from('"steered"');

export interface BookOwner {
  /** Makes the turn of a response that no create asked for; what the ask holds of the memory for bodies becomes its own. */
  successor(before: WebsocketTurn | null, ask: Ask | null, lane: string): WebsocketTurn;
  /** A message that was no create was refused. */
  askRefused(lane: string): void;
}

/** The open responses of one connection, by lane and id. Messages are not counted: a response may begin without a create. */
export class TurnBook {
  readonly #lanes = new Map<string, Lane>();
  #size = 0;
  #named = false;
  /** A response may have taken over from several messages, and what is said of the others comes later. */
  #asked = false;
  #last: WebsocketTurn | null = null;
  readonly #asks: KeptAsks;

  constructor(
    bodies: BodyBudget,
    private readonly owner: BookOwner,
  ) {
    this.#asks = new KeptAsks(bodies);
  }

  get size(): number {
    return this.#size;
  }

  get turns(): readonly WebsocketTurn[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.turns);
  }

  get #nothing(): boolean {
    return this.#size === 0 && !this.#asked;
  }

  /** Nothing is open, and it has one lane: whatever comes next is the only thing that can go on from what was. */
  get quiet(): boolean {
    return this.#size === 0 && !this.#named;
  }

  /** Whether the response is the latest one of a lane: those the upstream keeps for the connection, stored or not. */
  knows(responseId: string | null): boolean {
    if (responseId === null) return false;
    for (const { last } of this.#lanes.values()) if (last?.responseId === responseId) return true;
    return false;
  }

  /** The last that began in the lane; where nothing has, the last of the connection. */
  lastIn(laneName: string): WebsocketTurn | null {
    return this.#lanes.get(laneName)?.last ?? this.#last;
  }

  /** Throws `overloaded` when the connection has more open than any upstream would run. */
  checkRoom(): void {
    if (this.#size < MAX_TURNS) return;
    throw new ProxyError(
      'overloaded',
      `This connection has ${MAX_TURNS} open responses; wait for one to end.`,
    );
  }

  wait(turn: WebsocketTurn): void {
    this.#lane(turn.lane).wait(turn);
    this.#size += 1;
  }

  /** A client's message that is no create, which may be answered by a response of its own (`response.steer`). */
  asked(laneName: string, message: Buffer): void {
    const lane = this.#lane(laneName);
    this.#asks.forget(lane.ask);
    lane.ask = this.#asks.keep(message);
    lane.asks += 1;
    this.#asked = true;
  }

  /**
   * A message of the upstream, before it is forwarded: afterwards everything it ends is recorded. Answers the response of
   * which it is the first and the last word: one that the upstream refused.
   */
  observe(data: Buffer): WebsocketTurn | null {
    const kind = serverKind(data);
    if (this.#nothing && kind !== 'created') return null;
    const name = this.#named ? laneOf(data) : DEFAULT_LANE;
    const lane = this.#lane(name);
    switch (kind) {
      case 'created':
        this.#begin(lane, name).push(data);
        return null;
      case 'ended':
        return this.#end(lane, lane.endingOf(lane.size > 1 ? idOf(data) : null), data);
      case 'error':
        return this.#fail(lane.size === 0 && lane.ask === null ? this.#anyWaiting(lane) : lane, name, data);
      case 'other':
        lane.current?.push(data);
        return this.#hearOfAsk(lane, name, data);
      default:
        return kind satisfies never;
    }
  }

  endAll(how: CommittedEnd, failure: AttemptOutcome | null = null): void {
    const { turns } = this;
    this.close();
    this.#size = 0;
    for (const turn of turns) turn.end(how, failure);
  }

  /** The connection has ended, and with it what it kept. */
  close(): void {
    for (const lane of this.#lanes.values()) this.#asks.forget(lane.ask);
    this.#lanes.clear();
  }

  #fail(lane: Lane, name: string, data: Buffer): WebsocketTurn | null {
    const error = readErrorFrame(data);
    const turn = lane.failing(error.status);
    if (turn === 'ask') return this.#forgetAsk(lane, name);
    turn?.failedWith(error);
    return this.#end(lane, turn, data);
  }

  /** An error that names no lane with anything in it: somebody's create was not understood, the oldest one's. */
  #anyWaiting(lane: Lane): Lane {
    for (const other of this.#lanes.values()) if (other.next !== null) return other;
    return lane;
  }

  #begin(lane: Lane, name: string): WebsocketTurn {
    return (this.#last = lane.begin() ?? this.#successor(lane, name));
  }

  #successor(lane: Lane, name: string): WebsocketTurn {
    const ask = lane.ask;
    lane.ask = null;
    lane.asks = 0;
    if (ask !== null) this.#asks.handOver(ask);
    const turn = this.owner.successor(lane.last, ask, name);
    lane.begun(turn);
    this.#size += 1;
    return turn;
  }

  #end(lane: Lane, turn: WebsocketTurn | null, data: Buffer): WebsocketTurn | null {
    if (turn === null) return null;
    const first = turn.exchange.firstByteMs === null;
    turn.push(data);
    lane.remove(turn, data.includes(STEERED));
    this.#size -= 1;
    turn.end('terminal');
    return first ? turn : null;
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    if (name !== DEFAULT_LANE) this.#named = true;
    if (this.#lanes.size >= MAX_LANES) this.#forgetOne();
    const lane = new Lane();
    this.#lanes.set(name, lane);
    return lane;
  }

  #forgetOne(): void {
    for (const [name, lane] of this.#lanes) {
      if (lane.size > 0) continue;
      this.#asks.forget(lane.ask);
      this.#lanes.delete(name);
      return;
    }
  }

  #hearOfAsk(lane: Lane, name: string, data: Buffer): null {
    return this.#asked && saysAskFailed(data) ? this.#forgetAsk(lane, name) : null;
  }

  #forgetAsk(lane: Lane, name: string): null {
    lane.asks = Math.max(0, lane.asks - 1);
    if (lane.asks === 0) {
      this.#asks.forget(lane.ask);
      lane.ask = null;
    }
    this.owner.askRefused(name);
    return null;
  }
}

function idOf(data: Buffer): string | null {
  return parseObject(data)?.response?.id ?? null;
}
