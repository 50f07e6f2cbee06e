import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../common/logger.js';
import type { SpooledRecord, TelemetryQueue } from './telemetry-queue.js';
import { TelemetryUnavailable } from './telemetry-unavailable.js';

const TRIES = 5;
const FIRST_PAUSE_MS = 20;
/** Enough to look into; a flood of them must not fill the disk. */
const MAX_DEAD_FILES = 1_000;

/**
 * Gets batches through, whatever is in them: a batch that fails is halved until the record to blame stands alone,
 * which after five tries is put aside. Rejects with `TelemetryUnavailable` only.
 */
export class RecordDeliverer {
  /** Called for every record put aside. */
  onDead: () => void = () => undefined;

  constructor(
    private readonly queue: TelemetryQueue,
    private readonly deadDirectory: string,
    private readonly logger: Logger,
  ) {}

  async deliver(batch: readonly SpooledRecord[]): Promise<void> {
    if (batch.length === 0) return;
    const error = await this.#attempt(batch);
    if (error === null) return;
    if (batch.length === 1) return this.#persist(batch, error);
    const middle = batch.length >> 1;
    await this.deliver(batch.slice(0, middle));
    await this.deliver(batch.slice(middle));
  }

  async #persist(single: readonly SpooledRecord[], first: Error): Promise<void> {
    let error: Error | null = first;
    for (let tries = 1; tries < TRIES; tries++) {
      await sleep(FIRST_PAUSE_MS * 2 ** tries);
      error = await this.#attempt(single);
      if (error === null) return;
    }
    for (const record of single) this.#bury(record, error);
  }

  /** Null when SQL has it, else what was wrong with the records. */
  async #attempt(batch: readonly SpooledRecord[]): Promise<Error | null> {
    try {
      await this.queue.deliver(batch);
      return null;
    } catch (e: unknown) {
      if (e instanceof TelemetryUnavailable) throw e;
      return e instanceof Error ? e : new Error(String(e));
    }
  }

  #bury({ record, body }: SpooledRecord, error: Error): void {
    this.onDead();
    this.logger.error(
      { event: 'spool.dead', record: record.t, id: record.id, error: error.message },
      'record put aside',
    );
    try {
      mkdirSync(this.deadDirectory, { recursive: true, mode: 0o700 });
      if (readdirSync(this.deadDirectory).length >= MAX_DEAD_FILES) return;
      const name = `${record.t}-${record.id}`.replace(/[^\w-]/g, '_').slice(0, 100);
      const content = JSON.stringify({ error: error.message, record });
      writeFileSync(join(this.deadDirectory, `${name}.json`), content, { mode: 0o600 });
      if (body !== null) writeFileSync(join(this.deadDirectory, `${name}.body`), body, { mode: 0o600 });
    } catch {
      // Counted and logged already; a disk that cannot keep it either changes nothing.
    }
  }
}
