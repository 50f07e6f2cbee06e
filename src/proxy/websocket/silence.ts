import type { Clock } from '../../common/clock.js';
import type { Pump } from './pump.js';
import type { SessionTimes } from './session-limits.js';
import type { WebsocketTurn } from './websocket-turn.js';

/** When the two sides of a connection last said anything. */
export class Silence {
  /** Monotonic: last message either way; last sign of the upstream while it owes one. */
  #activeAt: number;
  #heardAt: number;

  constructor(private readonly clock: Clock) {
    this.#activeAt = this.#heardAt = clock.monotonic();
  }

  /** A message of the client. */
  sent(): void {
    this.#activeAt = this.clock.monotonic();
  }

  /** From now on the upstream owes a response. */
  owed(): void {
    this.#heardAt = this.clock.monotonic();
  }

  /** A message of the upstream. */
  heard(): void {
    this.#activeAt = this.#heardAt = this.clock.monotonic();
  }

  /** What the limits look at. `open`: `turns` and one that waits for its connection. */
  times(turns: readonly WebsocketTurn[], open: number, up: Pump, down: Pump): SessionTimes {
    const now = this.clock.monotonic();
    const since = (at: number | null): number | null => (at === null ? null : now - at);
    return {
      open,
      unanswered: turns.some((turn) => turn.exchange.firstByteMs === null),
      oldest: Math.max(0, ...turns.map((turn) => turn.age)),
      quiet: now - this.#activeAt,
      silent: turns.length === 0 ? 0 : now - this.#heardAt,
      clientStalled: since(down.stalledAt),
      upstreamStalled: since(up.stalledAt),
    };
  }
}
