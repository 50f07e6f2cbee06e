import type { SpooledRecord, TelemetryQueue } from '../../src/usage/telemetry-queue.js';

/** Keeps what it is given, unless `refuse` has something against it. */
export class MemoryQueue implements TelemetryQueue {
  readonly records: SpooledRecord[] = [];
  refuse: (record: SpooledRecord) => Error | null = () => null;

  deliver(batch: readonly SpooledRecord[]): Promise<void> {
    for (const record of batch) {
      const error = this.refuse(record);
      if (error !== null) return Promise.reject(error);
    }
    for (const { record, body } of batch)
      this.records.push({ record, body: body === null ? null : Buffer.from(body) });
    return Promise.resolve();
  }

  get ids(): string[] {
    return this.records.map(({ record }) => `${record.t}:${record.id}`);
  }
}
