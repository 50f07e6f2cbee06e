import { setImmediate as yieldToLoop, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../common/logger.js';
import { holdBack } from './drain-pace.js';
import type { FileSpool } from './file-spool.js';
import type { RecordDeliverer } from './record-deliverer.js';
import { readBatch, type SegmentBatch } from './segment-reader.js';
import type { SpoolSegment } from './spool-segment.js';

/** The first record after a pause waits this long for company. */
const GATHER_MS = 50;
/** While records keep coming they gather longer: few large transactions cost less than many small ones. */
const BUSY_GATHER_MS = 300;
const BUSY_RECORDS = 20;
const FULL_BATCH = 2_000;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
const FLUSH_PAUSE_MS = 20;

/** Carries this process's spool to SQL, oldest first, and forgets what has arrived. */
export class SpoolDrainer {
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #stopped = true;
  #backoff = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** Since when a batch has been held back for a busy loop; null = it has not. */
  #heldSince: number | null = null;

  constructor(
    private readonly spool: FileSpool,
    private readonly deliverer: RecordDeliverer,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#stopped = false;
    this.spool.onData = () => this.#wake(GATHER_MS);
    this.#wake(0);
  }

  /** Ends after the batch in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.spool.onData = () => undefined;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#turn;
  }

  /** One batch; how many records it had, or -1 when nothing is left. Rejects when the way to SQL is blocked. */
  drainOnce(): Promise<number> {
    const turn = this.#turn.then(() => this.#drainBatch());
    this.#turn = turn.catch(() => undefined); // the caller hears of it; the next turn must not
    return turn;
  }

  /** True when everything spooled before the call is in SQL within the time. */
  async flush(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        while ((await this.drainOnce()) >= 0) if (performance.now() > deadline) break;
        if (this.spool.segments.next === null) return true;
      } catch {
        await sleep(FLUSH_PAUSE_MS); // visible in `drainError`
      }
      if (performance.now() > deadline) return this.spool.segments.next === null;
    }
  }

  #wake(delayMs: number): void {
    if (this.#timer !== null || this.#running || this.#stopped) return;
    const before = performance.eventLoopUtilization();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#holdsBack(performance.eventLoopUtilization(before).utilization)) this.#wake(BUSY_GATHER_MS);
      else void this.#run();
    }, delayMs);
    this.#timer.unref();
  }

  #holdsBack(utilization: number): boolean {
    const now = performance.now();
    this.#heldSince ??= now;
    if (!this.spool.recent.crowded && holdBack(utilization, now - this.#heldSince)) return true;
    this.#heldSince = null;
    return false;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let pause = GATHER_MS;
    try {
      let count = 0;
      do {
        count = await this.drainOnce();
        if (count >= BUSY_RECORDS) pause = BUSY_GATHER_MS;
        await yieldToLoop();
      } while (count >= 0 && this.spool.segments.pending >= FULL_BATCH && !this.#stopped);
    } catch {
      pause = this.#backoff; // visible in `drainError`
    }
    this.#running = false;
    if (this.spool.segments.next !== null) this.#wake(pause);
  }

  async #drainBatch(): Promise<number> {
    const segment = this.spool.segments.next;
    if (segment === null) return -1;
    const batch = await this.#read(segment);
    this.spool.tornRecords += batch.torn;
    try {
      await this.deliverer.deliver(batch.records);
    } catch (e: unknown) {
      this.#blocked(e);
      throw e;
    }
    this.#through();
    const lastAt = batch.records.at(-1)?.record.at ?? 0;
    this.spool.segments.acknowledge(segment, batch.next, batch.records.length, lastAt);
    return batch.records.length;
  }

  /** What is still in memory is not read back; a batch from the file ends where that begins. */
  async #read(segment: SpoolSegment): Promise<SegmentBatch> {
    const from = segment.acknowledged;
    const kept = this.spool.recent.nextAt(segment, from);
    if (kept === from) return { ...this.spool.recent.take(segment, from), torn: 0 };
    try {
      return await readBatch(segment, from, kept ?? segment.written);
    } catch (e: unknown) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#blocked(e);
        throw e;
      }
      return { records: [], next: segment.written, torn: 1 }; // deleted behind our back
    }
  }

  #blocked(e: unknown): void {
    const message = e instanceof Error ? e.message : String(e);
    if (this.spool.drainError === null)
      this.logger.warn({ event: 'spool.blocked', error: message }, 'records wait on disk');
    this.spool.drainError = message;
    this.#backoff = Math.min(Math.max(this.#backoff * 2, FIRST_BACKOFF_MS), LAST_BACKOFF_MS);
  }

  #through(): void {
    if (this.spool.drainError !== null)
      this.logger.info(
        { event: 'spool.draining', pending: this.spool.segments.pending },
        'records go to SQL again',
      );
    this.spool.drainError = null;
    this.#backoff = 0;
  }
}
