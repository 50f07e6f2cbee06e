import type { Clock } from '../common/clock.js';
import type { RedisService } from '../infra/redis/redis.service.js';

/** By then every replica has noticed that Redis is back: longer than the longest pause of its breaker. */
const REJOINING_MS = 5_000;

/** Whether the replicas hear of each other's bindings, or this one may have missed some. */
export class RedisUnion {
  #parted = false;
  /** Monotonic. */
  #backAt: number | null = null;

  constructor(
    private readonly redis: RedisService,
    private readonly clock: Clock,
  ) {
    redis.onChange(() => this.#changed());
  }

  /** Redis is away, or back for so short a time that others may not have told yet what they bound meanwhile. */
  get apart(): boolean {
    if (!this.redis.up) return true;
    return this.#backAt !== null && this.clock.monotonic() - this.#backAt < REJOINING_MS;
  }

  #changed(): void {
    if (!this.redis.up) this.#parted = true;
    else if (this.#parted) this.#backAt = this.clock.monotonic();
  }
}
