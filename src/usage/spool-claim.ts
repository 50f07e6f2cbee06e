import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  beat,
  currentOwner,
  isOwnerDead,
  lastBeat,
  readOwner,
  type SpoolOwner,
  writeOwner,
} from './spool-owner.js';
import { parseSegmentName, type SegmentFile } from './spool-segment.js';

const ORIGIN = 'adopted.json';
const SEPARATOR = '~';
export const DEAD_DIRECTORY = 'dead';

/** A dead process's spool directory, in our hands. */
export class SpoolClaim {
  private constructor(
    readonly directory: string,
    /** Process that wrote it. */
    readonly instanceId: string,
    /** Its last sign of life, epoch ms; the same for whoever adopts the directory. */
    readonly diedAt: number,
  ) {}

  /** Takes over what has no living owner, and what this process has taken before and not finished. */
  static claimAll(root: string, instanceId: string, now: number): SpoolClaim[] {
    const self = currentOwner(instanceId);
    const claims: SpoolClaim[] = [];
    for (const name of directoriesOf(root)) {
      try {
        const claim = SpoolClaim.#claim(root, name, self, now);
        if (claim !== null) claims.push(claim);
      } catch {
        // Somebody else was faster, or the disk refuses: the next round looks again.
      }
    }
    return claims;
  }

  static #claim(root: string, name: string, self: SpoolOwner, now: number): SpoolClaim | null {
    const current = join(root, name);
    if (name.endsWith(SEPARATOR + self.instanceId)) {
      beat(current);
      return SpoolClaim.#open(current);
    }
    if (name === self.instanceId || name.startsWith(`${self.instanceId}.`)) return null;
    if (!isOwnerDead(current, self, now)) return null;
    const [origin = name] = name.split(SEPARATOR);
    const target = join(root, `${origin}${SEPARATOR}${self.instanceId}`);
    // Renaming is the claim: of two processes one gets it, and an owner that was only asleep notices.
    renameSync(current, target);
    if (!existsSync(join(target, ORIGIN))) {
      const owner = readOwner(target)?.instanceId ?? origin;
      writeFileSync(join(target, ORIGIN), JSON.stringify({ instanceId: owner, diedAt: lastSign(target) }));
    }
    writeOwner(target, self);
    return SpoolClaim.#open(target);
  }

  static #open(directory: string): SpoolClaim {
    const origin = JSON.parse(readFileSync(join(directory, ORIGIN), 'utf8')) as {
      instanceId: string;
      diedAt: number;
    };
    return new SpoolClaim(directory, origin.instanceId, origin.diedAt);
  }

  /** In the order they were written. */
  segments(): SegmentFile[] {
    return readdirSync(this.directory)
      .map((name) => parseSegmentName(this.directory, name))
      .filter((segment) => segment !== null)
      .sort((a, b) => a.sequence - b.sequence);
  }

  beat(): void {
    beat(this.directory);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function directoriesOf(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== DEAD_DIRECTORY)
      .map((entry) => entry.name);
  } catch {
    return []; // no spool yet
  }
}

/** Heartbeats come every two seconds; the last append may be newer. */
function lastSign(directory: string): number {
  const appends = readdirSync(directory)
    .filter((name) => parseSegmentName(directory, name) !== null)
    .map((name) => Math.round(statSync(join(directory, name)).mtimeMs));
  return Math.max(lastBeat(directory), ...appends);
}
