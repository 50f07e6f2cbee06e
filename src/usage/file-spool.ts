import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import type { BodyRecord, EventRecord, FinishedRecord, StartedRecord, TelemetryRecord } from './records.js';
import type { CapturedBodies, CapturedBody, Spool, SpoolStatus } from './spool.js';
import { RecentRecords } from './recent-records.js';
import { SpoolDirectory } from './spool-directory.js';
import { type EncodedRecord, seal, SpoolEncoder } from './spool-encoder.js';
import { SpoolSegments } from './spool-segments.js';

/** Bodies stop here, events there; the rest of the room is for what happened to requests. */
const BODY_SHARE = 0.9;
const EVENT_SHARE = 0.95;
const RETRY_DISK_MS = 1_000;

/** Records that wait for SQL. */
export interface Backlog {
  readonly pending: number;
  readonly bytes: number;
  readonly oldestAt: number | null;
}

export const NO_BACKLOG: Backlog = { pending: 0, bytes: 0, oldestAt: null };

export interface FileSpoolOptions {
  /** `<dataDir>/spool`. */
  readonly root: string;
  readonly instanceId: string;
  readonly maxBytes: number;
  readonly segmentBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The spool on local disk: framed records in append-only segment files, written with one system call each. A write
 * that has returned survives the death of the process (not of the machine: nothing is synced).
 */
export class FileSpool implements Spool {
  readonly segments: SpoolSegments;
  readonly recent = new RecentRecords();
  /** Called after every append. */
  onData: () => void = () => undefined;
  drainError: string | null = null;
  tornRecords = 0;
  deadRecords = 0;
  /** In the directories of ended processes that this one has taken over: they share the room. */
  adopted: () => Backlog = () => NO_BACKLOG;

  readonly #directory: SpoolDirectory;
  readonly #encoder = new SpoolEncoder();
  #shedBodies = 0;
  #shedRecords = 0;
  #diskError: string | null = null;
  #retryAt = 0;
  #closed = false;

  private constructor(private readonly options: FileSpoolOptions) {
    this.#directory = new SpoolDirectory(options.root, options.instanceId, () => this.#lost());
    this.segments = new SpoolSegments(() => this.#directory.newSegment(), options.segmentBytes);
  }

  /** Never throws: a disk that cannot be written yet is tried again with every record. */
  static open(options: FileSpoolOptions): FileSpool {
    const spool = new FileSpool(options);
    try {
      spool.segments.prepare();
    } catch (e: unknown) {
      spool.#failed(e);
    }
    return spool;
  }

  started(record: StartedRecord): void {
    this.#guard(() => this.#single(record, 1));
  }

  event(record: EventRecord): void {
    this.#guard(() => this.#single(record, EVENT_SHARE));
  }

  finished(record: FinishedRecord, bodies: CapturedBodies): void {
    this.#guard(() => {
      this.#encoder.reset();
      const frames: Frame[] = [];
      this.#addBody(frames, record, 'request', bodies.request);
      this.#addBody(frames, record, 'response', bodies.response);
      const plain = { record, body: null, encoded: this.#encoder.record(record) };
      const all = [...frames, plain];
      if (frames.length > 0 && this.#fits(totalOf(all), BODY_SHARE)) {
        if (this.#append(all, record.at, 1, frames.length)) return;
      } else {
        this.#shedBodies += frames.length;
      }
      this.#append([plain], record.at, 1);
    });
  }

  status(): SpoolStatus {
    const adopted = this.adopted();
    return {
      pending: this.segments.pending + adopted.pending,
      bytes: this.segments.bytes + adopted.bytes,
      oldestAt: earlier(this.segments.oldestAt, adopted.oldestAt),
      shedBodies: this.#shedBodies,
      shedRecords: this.#shedRecords,
      tornRecords: this.tornRecords,
      deadRecords: this.deadRecords,
      writable: this.#diskError === null,
      drainError: this.drainError,
    };
  }

  /** What is not in SQL stays on disk for the next process. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.segments.close();
    this.#directory.close();
  }

  #single(record: TelemetryRecord, share: number): void {
    this.#encoder.reset();
    this.#append([{ record, body: null, encoded: this.#encoder.record(record) }], record.at, share);
  }

  #addBody(
    frames: Frame[],
    { id, at }: FinishedRecord,
    direction: BodyRecord['direction'],
    body: CapturedBody | null,
  ): void {
    if (body === null) return;
    const record: BodyRecord = { t: 'body', id, at, direction, ...body.meta };
    frames.push({ record, body, encoded: this.#encoder.body(record, body) });
  }

  #fits(total: number, share: number): boolean {
    const used = this.segments.bytes + this.adopted().bytes;
    return used + total <= this.options.maxBytes * share;
  }

  /** False when the write failed and had bodies in it: the caller writes the record alone. */
  #append(frames: readonly Frame[], at: number, share: number, bodies = 0): boolean {
    const total = totalOf(frames);
    if (this.#closed || !this.#fits(total, share) || this.#diskResting()) {
      this.#shedRecords++;
      this.#shedBodies += bodies;
      return true;
    }
    try {
      this.#write(frames, total, at);
      this.#recovered();
    } catch (e: unknown) {
      this.#shedBodies += bodies;
      if (bodies > 0) return false;
      this.#shedRecords++;
      this.#failed(e);
      return true;
    }
    this.onData();
    return true;
  }

  #write(frames: readonly Frame[], total: number, at: number): void {
    const segment = this.segments.forAppend(total, at);
    const encoded = frames.map((frame) => frame.encoded);
    for (const one of encoded) seal(one, segment.marker);
    let start = segment.written;
    segment.append(this.#encoder.pieces(encoded), total);
    this.segments.appended(total, frames.length);
    for (const { record, body, encoded: one } of frames) {
      this.recent.add({ segment, start, end: start + one.total, record, body });
      start += one.total;
    }
  }

  #diskResting(): boolean {
    return this.#diskError !== null && this.options.clock.monotonic() < this.#retryAt;
  }

  #failed(e: unknown): void {
    const message = e instanceof Error ? e.message : String(e);
    if (this.#diskError === null)
      this.options.logger.error(
        { event: 'spool.unwritable', error: message },
        'spool cannot be written; records are lost and counted',
      );
    this.#diskError = message;
    this.#retryAt = this.options.clock.monotonic() + RETRY_DISK_MS;
  }

  #recovered(): void {
    if (this.#diskError === null) return;
    this.#diskError = null;
    this.options.logger.warn(
      { event: 'spool.writable', shed: this.#shedRecords },
      'spool can be written again',
    );
  }

  #lost(): void {
    this.options.logger.warn(
      { event: 'spool.lost' },
      'spool directory was taken away; going on in a new one',
    );
    this.segments.forget();
    this.recent.clear();
  }

  /** A record that cannot even be encoded must not hurt the exchange. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (e: unknown) {
      this.#shedRecords++;
      this.options.logger.error({ event: 'spool.bug', err: e }, 'record could not be spooled');
    }
  }
}

/** A record on its way to the disk. */
interface Frame {
  readonly record: TelemetryRecord;
  readonly body: CapturedBody | null;
  readonly encoded: EncodedRecord;
}

export function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function totalOf(frames: readonly Frame[]): number {
  let total = 0;
  for (const { encoded } of frames) total += encoded.total;
  return total;
}
