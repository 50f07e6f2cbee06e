import type { ProxyDoor } from '../registry/proxy-door.service.js';
import type { Exchange } from './exchange.js';
import type { StopReason } from './stop-reason.js';

/** Keys expire without anybody telling, and an exchange may have been where it could not be ended. */
const LOOK_EVERY_MS = 5_000;

/** An exchange or a connection, with the caller who was let in for it. */
export interface Guarded {
  readonly caller: Exchange['caller'];
  stop(why: StopReason): void;
}

/** Ends what callers have open whose key is revoked, or has expired: at once after a change, else at the next look. */
export class AccessWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;

  constructor(
    private readonly door: Pick<ProxyDoor, 'objection' | 'onChange'>,
    private readonly open: () => Iterable<Guarded>,
  ) {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    this.#unsubscribe = door.onChange(() => this.#look());
  }

  end(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  #look(): void {
    for (const one of this.open()) {
      const why = this.door.objection(one.caller);
      if (why !== null) one.stop(why);
    }
  }
}
