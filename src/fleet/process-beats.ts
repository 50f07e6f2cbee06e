import type { PeerRole } from '../state/peers.js';

/** As a store id: a Redis is configured there and has not been seen yet. */
export const UNKNOWN_STORE = 'unknown';

export interface ProcessBeat {
  readonly instanceId: string;
  readonly role: PeerRole;
  readonly host: string;
  /** Null = no Redis is configured there. */
  readonly storeId: string | null;
  /** By its own clock: only whether it moves means something here. */
  readonly seenAt: number;
}

interface Seen {
  readonly beat: ProcessBeat;
  /** Monotonic time of this process, of the last beat that was new; null = never saw it move. */
  readonly movedAt: number | null;
}

/** Which of the processes in the table live: those whose beats move, whatever their clocks say. */
export class ProcessBeats {
  #seen = new Map<string, Seen>();

  constructor(private readonly lifeMs: number) {}

  /** Takes in what the table says now. */
  learn(beats: readonly ProcessBeat[], now: number): void {
    const before = this.#seen;
    this.#seen = new Map(
      beats.map((beat) => {
        const known = before.get(beat.instanceId);
        const moved = known !== undefined && known.beat.seenAt !== beat.seenAt;
        return [beat.instanceId, { beat, movedAt: moved ? now : (known?.movedAt ?? null) }];
      }),
    );
  }

  alive(now: number): ProcessBeat[] {
    return [...this.#seen.values()]
      .filter(({ movedAt }) => movedAt !== null && now - movedAt <= this.lifeMs)
      .map(({ beat }) => beat);
  }
}
