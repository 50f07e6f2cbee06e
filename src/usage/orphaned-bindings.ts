import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { AffinityBinding } from '../state/live-state.js';
import { scanUnbodied } from './unbodied-scan.js';
import { DEAD_DIRECTORY } from './spool-claim.js';
import { lastBeat } from './spool-owner.js';
import { parseSegmentName, type SegmentFile } from './spool-segment.js';

/** The start waits for no more than this; what it does not get to see arrives through SQL later. */
const PATIENCE_MS = 1_500;

/**
 * Bindings out of the spools of other processes, before SQL has them: after a crash while Postgres is away they are
 * nowhere else, and a conversation must find its key again. Reads only; adopting the directories is somebody else's.
 */
export class OrphanedBindings {
  constructor(
    /** `<dataDir>/spool`. */
    private readonly root: string,
    private readonly instanceId: string,
  ) {}

  /** The newest of each, at most `limit`, from the newest files first. Never throws: what cannot be read is left out. */
  async read(limit: number, patienceMs = PATIENCE_MS): Promise<AffinityBinding[]> {
    const deadline = performance.now() + patienceMs;
    const found = new Map<string, AffinityBinding>();
    for (const segment of this.#segments()) {
      if (found.size >= limit || performance.now() > deadline) break;
      try {
        await this.#collect(segment, found, deadline);
      } catch {
        // Adopted by a sibling meanwhile, or a disk that fails: SQL will tell.
      }
    }
    return [...found.values()];
  }

  async #collect(segment: SegmentFile, found: Map<string, AffinityBinding>, deadline: number): Promise<void> {
    for await (const record of scanUnbodied(segment)) {
      if (performance.now() > deadline) return;
      if (record.t !== 'finished') continue;
      for (const binding of record.bindings) {
        const key = `${binding.callerId}\u0000${binding.kind}\u0000${binding.id}`;
        const known = found.get(key);
        // Later in a file is later: equal times are no reason to keep the earlier one.
        if (known === undefined || binding.boundAt >= known.boundAt) found.set(key, binding);
      }
    }
    await yieldToLoop();
  }

  #segments(): SegmentFile[] {
    return names(this.root)
      .filter((name) => name !== DEAD_DIRECTORY && !this.#isOwn(name))
      .map((name) => join(this.root, name))
      .sort((a, b) => lastBeat(b) - lastBeat(a))
      .flatMap((directory) =>
        names(directory)
          .map((name) => parseSegmentName(directory, name))
          .filter((segment) => segment !== null)
          .sort((a, b) => b.sequence - a.sequence),
      );
  }

  #isOwn(name: string): boolean {
    return name === this.instanceId || name.startsWith(`${this.instanceId}.`);
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // not there, not a directory, or not ours to read
  }
}
