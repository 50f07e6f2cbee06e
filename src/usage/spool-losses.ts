import { newId } from '../common/ids.js';
import type { EventRecord, TelemetryRecord } from './records.js';

/** Nothing lost for this long: the trouble is over and is written down as one event. */
const QUIET_MS = 2_000;
/** Trouble that does not end is written down this often. */
const TELL_EVERY_MS = 60_000;
/** How long the loss of a record still shows. */
const SHOWN_MS = 5_000;

export type RecordKind = TelemetryRecord['t'];
export type LossCounts = Readonly<Record<RecordKind, number>>;

const NOTHING: LossCounts = { started: 0, finished: 0, body: 0, event: 0 };

/** What the spool had to give up: every record by its kind, and how much of that is not in the record yet. */
export class SpoolLosses {
  #counts: LossCounts = NOTHING;
  #told: LossCounts = NOTHING;
  #lastAt = -Infinity;
  #untoldSince: number | null = null;

  get counts(): LossCounts {
    return this.#counts;
  }

  /** Times are monotonic. True for the first loss since the last event: worth a line in the log. */
  add(kind: RecordKind, now: number, count = 1): boolean {
    const first = this.#untoldSince === null;
    this.#counts = { ...this.#counts, [kind]: this.#counts[kind] + count };
    this.#lastAt = now;
    this.#untoldSince ??= now;
    return first;
  }

  get untold(): boolean {
    return this.#untoldSince !== null;
  }

  recent(now: number): boolean {
    return now - this.#lastAt < SHOWN_MS;
  }

  due(now: number): boolean {
    if (this.#untoldSince === null) return false;
    return now - this.#lastAt >= QUIET_MS || now - this.#untoldSince >= TELL_EVERY_MS;
  }

  told(): void {
    this.#told = this.#counts;
    this.#untoldSince = null;
  }

  /** The losses since the last one that was told. */
  event(at: number): EventRecord {
    const since = (kind: RecordKind): number => this.#counts[kind] - this.#told[kind];
    const [started, finished, bodies, events] = [
      since('started'),
      since('finished'),
      since('body'),
      since('event'),
    ];
    return {
      t: 'event',
      id: newId('evt', at),
      at,
      kind: 'spool.shed',
      severity: finished > 0 ? 'error' : 'warn',
      resourceId: null,
      requestId: null,
      message:
        `No room for records on this disk: ${bodies} bodies, ${finished} ends and ${started} starts of requests ` +
        `and ${events} events were given up.`,
      data: { bodies, finished, started, events },
    };
  }
}
