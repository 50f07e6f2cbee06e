import type { SpoolSegment } from './spool-segment.js';

/** Rotating a file this small when it is drained would cost more than it saves. */
const ROTATE_DRAINED_BYTES = 1024 * 1024;

interface Entry {
  readonly segment: SpoolSegment;
  /** Time of the first record, then of the last one SQL has. */
  oldestAt: number;
  /** Records not acknowledged yet. */
  pending: number;
}

/** The segments of this process, oldest first; the last one is being written. */
export class SpoolSegments {
  #entries: Entry[] = [];
  #bytes = 0;
  #pending = 0;
  #spare: SpoolSegment | null = null;

  constructor(
    private readonly create: () => SpoolSegment,
    private readonly segmentBytes: number,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  get pending(): number {
    return this.#pending;
  }

  get oldestAt(): number | null {
    return this.#pending === 0 ? null : (this.#entries.find((entry) => entry.pending > 0)?.oldestAt ?? null);
  }

  /** Opens a file before it is needed: not at the expense of a request. */
  prepare(): void {
    if (this.#entries.length === 0) this.#spare ??= this.create();
  }

  /** The segment for the next `size` bytes; a new one when they would make the present one too long. */
  forAppend(size: number, at: number): SpoolSegment {
    const active = this.#entries.at(-1);
    if (
      active !== undefined &&
      (active.segment.written === 0 || active.segment.written + size <= this.segmentBytes)
    )
      return active.segment;
    const segment = this.#spare ?? this.create();
    this.#spare = null;
    active?.segment.close();
    this.#entries.push({ segment, oldestAt: at, pending: 0 });
    return segment;
  }

  appended(size: number, records: number): void {
    const active = this.#entries.at(-1);
    if (active !== undefined) active.pending += records;
    this.#bytes += size;
    this.#pending += records;
  }

  /** The oldest segment with bytes that SQL does not have. */
  get next(): SpoolSegment | null {
    return this.#entries.find(({ segment }) => segment.acknowledged < segment.written)?.segment ?? null;
  }

  /** SQL has the segment up to `offset`. Files that are done with are removed. */
  acknowledge(segment: SpoolSegment, offset: number, records: number, lastAt: number): void {
    const entry = this.#entries.find((candidate) => candidate.segment === segment);
    if (entry === undefined) return;
    segment.acknowledged = offset;
    entry.oldestAt = lastAt;
    // At the end of the file damaged records are settled too: nobody will ever read them.
    const settled = offset >= segment.written ? entry.pending : Math.min(records, entry.pending);
    entry.pending -= settled;
    this.#pending -= settled;
    this.#collect();
  }

  close(): void {
    this.#spare?.remove();
    this.#spare = null;
    for (const { segment } of this.#entries) {
      segment.close();
      if (segment.acknowledged >= segment.written) segment.remove();
    }
  }

  /** The files are gone. */
  forget(): void {
    this.#spare?.close();
    this.#spare = null;
    for (const { segment } of this.#entries) segment.close();
    this.#entries = [];
    this.#bytes = 0;
    this.#pending = 0;
  }

  #collect(): void {
    const active = this.#entries.at(-1);
    const keepsActive =
      active !== undefined && active.segment.written < Math.min(ROTATE_DRAINED_BYTES, this.segmentBytes);
    this.#entries = this.#entries.filter((entry) => {
      const { segment } = entry;
      if (segment.acknowledged < segment.written || (entry === active && keepsActive)) return true;
      segment.remove();
      this.#bytes -= segment.written;
      return false;
    });
    try {
      this.prepare();
    } catch {
      // The next append tries again, and tells.
    }
  }
}
