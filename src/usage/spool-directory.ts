import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beat, currentOwner, HEARTBEAT_MS, writeOwner } from './spool-owner.js';
import { SpoolSegment } from './spool-segment.js';

/** This process's own directory below the spool root, with its owner file and heartbeat. */
export class SpoolDirectory {
  readonly #heartbeat: NodeJS.Timeout;
  #path: string;
  #generation = 0;
  #sequence = 0;
  #made = false;

  constructor(
    readonly root: string,
    private readonly instanceId: string,
    private readonly on: {
      /** The directory was taken away: what is written into it is lost. */
      readonly lost: () => void;
      /** Every two seconds. */
      readonly beat: () => void;
    },
  ) {
    this.#path = join(root, instanceId);
    this.#heartbeat = setInterval(() => {
      this.#beat();
      on.beat();
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Throws what the file system throws. */
  newSegment(): SpoolSegment {
    if (!this.#made) {
      mkdirSync(this.#path, { recursive: true, mode: 0o700 });
      writeOwner(this.#path, currentOwner(this.instanceId));
      this.#made = true;
    }
    return new SpoolSegment(this.#path, ++this.#sequence);
  }

  /** Removes the directory if nothing is left in it; else it waits for the next process. */
  close(): void {
    clearInterval(this.#heartbeat);
    try {
      if (readdirSync(this.#path).every((name) => !name.endsWith('.seg')))
        rmSync(this.#path, { recursive: true, force: true });
    } catch {
      // Gone already, or a disk that is: either way nothing to remove.
    }
  }

  #beat(): void {
    if (!this.#made) return;
    try {
      beat(this.#path);
    } catch (e: unknown) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT') return; // a full or read-only disk, counted where it hurts
      // Adopted by somebody who could not see us living, or deleted by hand: go on in a new one.
      this.#path = join(this.root, `${this.instanceId}.${++this.#generation}`);
      this.#made = false;
      this.on.lost();
    }
  }
}
