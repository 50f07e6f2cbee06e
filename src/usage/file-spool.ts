import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { type Backlog, earlier, NO_BACKLOG } from './backlog.js';
import type { BodyRecord, EventRecord, FinishedRecord, StartedRecord, TelemetryRecord } from './records.js';
import type { CapturedBodies, CapturedBody, Spool, SpoolStatus } from './spool.js';
import { RecentRecords } from './recent-records.js';
import { SpoolDirectory } from './spool-directory.js';
import { type EncodedRecord, seal, SpoolEncoder } from './spool-encoder.js';
import { type RecordKind, SpoolLosses } from './spool-losses.js';
import { SpoolSegments } from './spool-segments.js';

/** Bodies stop here, events there; the rest of the room is for what happened to requests. */
const BODY_SHARE = 0.9;
const EVENT_SHARE = 0.95;
/** The last of the room is for the ends of requests that are under way: a new one whose start has no place tells it all at its end. */
const START_SHARE = 0.975;
/** What a start takes, about. */
const START_BYTES = 4_096;
const LONE_END_SHARE = 0.9875;
/** Ends without a place are kept in memory up to this many: their requests must not stay open for ever. */
const MAX_OWED = 1_000;
const RETRY_DISK_MS = 1_000;

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
  readonly #losses = new SpoolLosses();
  #owed: FinishedRecord[] = [];
  #diskError: string | null = null;
  #retryAt = 0;
  #closed = false;

  private constructor(private readonly options: FileSpoolOptions) {
    this.#directory = new SpoolDirectory(options.root, options.instanceId, {
      lost: () => this.#lost(),
      beat: () => this.#catchUp(),
    });
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

  started(record: StartedRecord): boolean {
    return this.#guard('started', () => this.#single(record, START_SHARE));
  }

  event(record: EventRecord): void {
    this.#guard('event', () => this.#single(record, EVENT_SHARE));
  }

  finished(record: FinishedRecord, bodies: CapturedBodies): void {
    this.#guard('finished', () => {
      this.#encoder.reset();
      const frames: Frame[] = [];
      this.#addBody(frames, record, 'request', bodies.request);
      this.#addBody(frames, record, 'response', bodies.response);
      const plain = { record, body: null, encoded: this.#encoder.record(record) };
      if (frames.length > 0) {
        if (this.#append([...frames, plain], record.at, BODY_SHARE)) return true;
        this.#lose('body', frames.length);
      }
      return this.#append([plain], record.at, endShare(record)) || this.#owe(record);
    });
  }

  status(): SpoolStatus {
    const { counts } = this.#losses;
    const writable = this.#diskError === null;
    const adopted = this.adopted();
    return {
      pending: this.segments.pending + this.#owed.length + adopted.pending,
      bytes: this.segments.bytes + adopted.bytes,
      oldestAt: this.owedSince,
      shedBodies: counts.body,
      shedRecords: counts.started + counts.finished + counts.event,
      shed: counts,
      tornRecords: this.tornRecords,
      deadRecords: this.deadRecords,
      writable,
      keepsRequests: writable && this.#fits(START_BYTES, START_SHARE),
      degraded:
        !writable || this.#owed.length > 0 || !this.#fits(0, BODY_SHARE) || this.#losses.recent(this.#now()),
      drainError: this.drainError,
    };
  }

  /** Epoch ms: records from before it are in SQL; null = all are. */
  get owedSince(): number | null {
    const waiting = earlier(this.segments.oldestAt, this.adopted().oldestAt);
    return earlier(waiting, this.#owed[0]?.at ?? null);
  }

  /** What is not in SQL stays on disk for the next process. */
  close(): void {
    if (this.#closed) return;
    this.#catchUp(true);
    this.#closed = true;
    this.segments.close();
    this.#directory.close();
  }

  #single(record: TelemetryRecord, share: number): boolean {
    this.#encoder.reset();
    return this.#append([{ record, body: null, encoded: this.#encoder.record(record) }], record.at, share);
  }

  #addBody(
    frames: Frame[],
    { id, at }: FinishedRecord,
    direction: BodyRecord['direction'],
    body: CapturedBody | null,
  ): void {
    if (body === null) return;
    const { contentType, contentEncoding, size, truncated } = body.meta;
    const record: BodyRecord = {
      t: 'body',
      id,
      at,
      direction,
      contentType,
      contentEncoding,
      size,
      truncated,
    };
    frames.push({ record, body, encoded: this.#encoder.body(record, body) });
  }

  #fits(total: number, share: number): boolean {
    const used = this.segments.bytes + this.adopted().bytes;
    return used + total <= this.options.maxBytes * share;
  }

  /** False when none of it was written. */
  #append(frames: readonly Frame[], at: number, share: number): boolean {
    const total = totalOf(frames);
    if (this.#closed || !this.#fits(total, share) || this.#diskResting()) return false;
    try {
      this.#write(frames, total, at);
    } catch (e: unknown) {
      // With bodies in it this was no proof yet: the record alone may still have a place.
      if (frames.length === 1) this.#failed(e);
      return false;
    }
    this.#recovered();
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
    return this.#diskError !== null && this.#now() < this.#retryAt;
  }

  #failed(e: unknown): void {
    const message = e instanceof Error ? e.message : String(e);
    if (this.#diskError === null)
      this.options.logger.error(
        { event: 'spool.unwritable', error: message },
        'spool cannot be written; records are lost and counted',
      );
    this.#diskError = message;
    // A full disk says so at once, and may have room for the next record: nothing is given up unasked.
    const full = (e as NodeJS.ErrnoException).code === 'ENOSPC';
    this.#retryAt = this.#now() + (full ? 0 : RETRY_DISK_MS);
  }

  #recovered(): void {
    if (this.#diskError === null) return;
    this.#diskError = null;
    this.options.logger.warn(
      { event: 'spool.writable', shed: this.#losses.counts },
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

  #now(): number {
    return this.options.clock.monotonic();
  }

  #lose(kind: RecordKind, count = 1): void {
    if (!this.#losses.add(kind, this.#now(), count)) return;
    this.options.logger.warn({ event: 'spool.shed' }, 'no room for all records; what is given up is counted');
  }

  /** True when the end of a started request is kept for later. */
  #owe(record: FinishedRecord): boolean {
    if (this.#closed || record.rejected !== null || this.#owed.length >= MAX_OWED) return false;
    this.#owed.push(record);
    return true;
  }

  /** Writes what is owed, and one event for what was given up when that is over. Also how a disk is tried again without traffic. */
  #catchUp(last = false): void {
    const owed = this.#owed.findIndex((record) => !this.#single(record, 1));
    this.#owed = owed < 0 ? [] : this.#owed.slice(owed);
    if (last) for (const { t } of this.#owed.splice(0)) this.#lose(t);
    if (!(last ? this.#losses.untold : this.#losses.due(this.#now()))) return;
    if (this.#single(this.#losses.event(this.options.clock.now()), EVENT_SHARE)) this.#losses.told();
  }

  /** False when the record is lost, which is counted. One that cannot even be encoded must not hurt the exchange. */
  #guard(kind: RecordKind, work: () => boolean): boolean {
    let kept = false;
    try {
      kept = work();
    } catch (e: unknown) {
      this.options.logger.error({ event: 'spool.bug', err: e }, 'record could not be spooled');
    }
    if (!kept) this.#lose(kind);
    return kept;
  }
}

/** A record on its way to the disk. */
interface Frame {
  readonly record: TelemetryRecord;
  readonly body: CapturedBody | null;
  readonly encoded: EncodedRecord;
}

/** What started goes before what never did: `rejected` means that no start is on disk. */
function endShare({ rejected }: FinishedRecord): number {
  return rejected === null ? 1 : LONE_END_SHARE;
}

function totalOf(frames: readonly Frame[]): number {
  let total = 0;
  for (const { encoded } of frames) total += encoded.total;
  return total;
}
