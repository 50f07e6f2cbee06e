import { stat } from 'node:fs/promises';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { countRecords, readBatch } from './segment-reader.js';
import type { SpoolClaim } from './spool-claim.js';
import type { SegmentFile } from './spool-segment.js';
import type { SpooledRecord } from './telemetry-queue.js';

/** How far one segment has been brought home. */
interface Progress {
  next: number;
  /** Records that are not home yet; damaged ones count until the end of the file is reached. */
  waiting: number;
}

/** What an ended process left behind, and how far it has been brought home: SQL may go away in the middle. */
export class OrphanSpool {
  records = 0;
  torn = 0;
  bytes = 0;
  readonly #progress = new Map<string, Progress>();
  #oldestAt: number | null = null;

  constructor(readonly claim: SpoolClaim) {}

  get pending(): number {
    let pending = 0;
    for (const { waiting } of this.#progress.values()) pending += waiting;
    return pending;
  }

  /** Epoch ms; null = nothing waits. */
  get oldestAt(): number | null {
    return this.pending === 0 ? null : this.#oldestAt;
  }

  /** Counts what waits, by headers. What cannot be counted is brought home all the same. */
  async measure(): Promise<void> {
    try {
      await this.#measure();
    } catch {
      // Whoever replays it hears of it.
    }
  }

  async #measure(): Promise<void> {
    for (const segment of this.claim.segments()) {
      const { size } = await stat(segment.path);
      this.bytes += size;
      const [first] = this.#oldestAt === null ? (await readBatch(segment, 0, size)).records : [];
      this.#oldestAt ??= first?.record.at ?? null;
      this.#progress.set(segment.path, { next: 0, waiting: await countRecords(segment, size) });
      await yieldToLoop();
    }
  }

  /** Rejects when `deliver` does; the next call goes on from there. */
  async replay(deliver: (batch: readonly SpooledRecord[]) => Promise<void>): Promise<void> {
    for (const segment of this.claim.segments()) await this.#replaySegment(segment, deliver);
  }

  async #replaySegment(
    segment: SegmentFile,
    deliver: (batch: readonly SpooledRecord[]) => Promise<void>,
  ): Promise<void> {
    const progress = this.#progress.get(segment.path) ?? { next: 0, waiting: 0 };
    this.#progress.set(segment.path, progress);
    const { size } = await stat(segment.path);
    while (progress.next < size) {
      const batch = await readBatch(segment, progress.next, size);
      await deliver(batch.records);
      this.records += batch.records.length;
      this.torn += batch.torn;
      progress.next = batch.next;
      progress.waiting = Math.max(0, progress.waiting - batch.records.length);
      this.#oldestAt = batch.records.at(-1)?.record.at ?? this.#oldestAt;
      this.claim.beat();
      await yieldToLoop();
    }
    progress.waiting = 0;
  }
}
