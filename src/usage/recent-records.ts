import type { CapturedBody } from './spool.js';
import type { SpoolSegment } from './spool-segment.js';
import type { SpooledRecord } from './telemetry-queue.js';
import type { TelemetryRecord } from './records.js';

/** Of captured bodies and records, by their size on disk. What does not fit is read back from its file. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_BATCH_RECORDS = 2_000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** From here on waiting costs more than it spares: what comes next would be read back. */
const CROWDED_BYTES = MAX_BYTES / 2;

interface Recent {
  readonly segment: SpoolSegment;
  readonly start: number;
  readonly end: number;
  readonly record: TelemetryRecord;
  readonly body: CapturedBody | null;
}

/**
 * The records last appended, as the objects they were: carrying those to SQL costs less than reading the same back.
 * Only a shortcut. The files hold all of it, and whatever is missing here is taken from there.
 */
export class RecentRecords {
  #items: Recent[] = [];
  #bytes = 0;

  get crowded(): boolean {
    return this.#bytes > CROWDED_BYTES;
  }

  /** `record` lies in `segment` from `start` to `end`. */
  add(item: Recent): void {
    const size = item.end - item.start;
    if (this.#bytes + size > MAX_BYTES) return;
    this.#bytes += size;
    this.#items.push(item);
  }

  /** Where in the segment, from `offset` on, the next record that is here begins; null when none is. */
  nextAt(segment: SpoolSegment, offset: number): number | null {
    this.#dropBefore(segment, offset);
    const [first] = this.#items;
    return first?.segment === segment ? first.start : null;
  }

  /** Hands over the records that follow one another from `offset` on; empty when the one there is not here. */
  take(segment: SpoolSegment, offset: number): { records: SpooledRecord[]; next: number } {
    const records: SpooledRecord[] = [];
    let next = offset;
    for (const item of this.#items) {
      if (item.segment !== segment || item.start !== next) break;
      // A single one may be larger: it would come alone from the file, too.
      if (records.length > 0 && item.end - offset > MAX_BATCH_BYTES) break;
      if (records.length === MAX_BATCH_RECORDS) break;
      records.push({ record: item.record, body: item.body === null ? null : joined(item.body) });
      next = item.end;
    }
    this.#forget(records.length);
    return { records, next };
  }

  clear(): void {
    this.#forget(this.#items.length);
  }

  /** Items of earlier segments and offsets were delivered from the files. */
  #dropBefore(segment: SpoolSegment, offset: number): void {
    let past = 0;
    for (const item of this.#items) {
      const earlier = item.segment.sequence < segment.sequence;
      if (!earlier && (item.segment !== segment || item.start >= offset)) break;
      past++;
    }
    this.#forget(past);
  }

  #forget(count: number): void {
    if (count === 0) return;
    for (const item of this.#items.splice(0, count)) this.#bytes -= item.end - item.start;
  }
}

function joined({ chunks }: CapturedBody): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
