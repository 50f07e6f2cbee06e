import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';

const LINE_MS = 60_000;

/** What lies under this program's names and is not of its making, or of another version: passed over, and told of. */
export class ForeignValues {
  #count = 0;
  #loggedAt = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** For people. */
    private readonly redis: string,
  ) {}

  get count(): number {
    return this.#count;
  }

  add(what: 'beat' | 'binding' | 'notice', values = 1): void {
    if (values <= 0) return;
    this.#count += values;
    const now = this.clock.monotonic();
    if (now - this.#loggedAt < LINE_MS) return;
    this.#loggedAt = now;
    // Not the value: nobody knows what is in it.
    this.logger.warn(
      { event: 'redis.foreign_value', redis: this.redis, what, values: this.#count },
      'Redis holds values under names of this program that it cannot read; they are passed over',
    );
  }
}
