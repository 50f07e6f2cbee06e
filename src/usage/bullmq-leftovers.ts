import type { Queue } from 'bullmq';
import type { Clock } from '../common/clock.js';
import { bounded } from '../infra/redis/bounded.js';
import type { TelemetryJobData } from './bullmq-job.js';

const ANSWER_MS = 500;
const AGAIN_MS = 2_000;
/** Longer than anybody waits for a batch: whoever handed it over has given it up, or is dead. */
const NOBODYS_AFTER_MS = 60_000;
const MOST_AT_ONCE = 100;
const MOST_IDS = 1_000;

/** Batches in Redis that nobody waits for: they hold what was captured, and are taken out when Redis can be asked. */
export class BullmqLeftovers {
  readonly #ids = new Set<string>();
  #lookedAt = -Infinity;
  #running = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly queue: Queue<TelemetryJobData>,
    private readonly ping: () => Promise<unknown>,
    private readonly clock: Clock,
  ) {}

  /** Given up by this process, and perhaps still there. */
  add(jobId: string): void {
    if (this.#ids.size < MOST_IDS) this.#ids.add(jobId);
    this.#later();
  }

  /** To be called when Redis has just answered. Never rejects. */
  async remove(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (const id of this.#ids) {
        // One that is being worked on stays, and is gone when that has ended.
        await bounded(this.queue.remove(id), ANSWER_MS);
        this.#ids.delete(id);
      }
      await this.#removeNobodys();
    } catch {
      this.#later();
    } finally {
      this.#running = false;
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ids.clear();
  }

  /** Of processes that died between handing over and taking back. */
  async #removeNobodys(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.#lookedAt < NOBODYS_AFTER_MS) return;
    this.#lookedAt = now;
    for (const state of ['wait', 'active'] as const)
      await bounded(this.queue.clean(NOBODYS_AFTER_MS, MOST_AT_ONCE, state), ANSWER_MS);
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#ids.size > 0) void this.#try();
    }, AGAIN_MS).unref();
  }

  async #try(): Promise<void> {
    try {
      await bounded(this.ping(), ANSWER_MS);
    } catch {
      this.#later();
      return;
    }
    await this.remove();
  }
}
