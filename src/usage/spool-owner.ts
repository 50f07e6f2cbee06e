import { readFileSync, readlinkSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who writes into a spool directory. Enough to tell a dead owner from a living one with the same pid. */
export interface SpoolOwner {
  readonly instanceId: string;
  readonly pid: number;
  /** Clock ticks since boot when the process started; null where there is no /proc. */
  readonly pidStart: string | null;
  readonly bootId: string | null;
  /** Process namespace: pids of another one mean nothing here. */
  readonly pidNamespace: string | null;
}

const FILE = 'owner.json';
export const HEARTBEAT_MS = 2_000;
/** An owner that cannot be looked up is dead when its heartbeat is this old. */
const STALE_MS = 15_000;
/** The same where the pid exists but may have been given to somebody else. */
const STALE_UNSURE_MS = 60_000;

export function currentOwner(instanceId: string): SpoolOwner {
  return {
    instanceId,
    pid: process.pid,
    pidStart: pidStart(process.pid),
    bootId: readOrNull('/proc/sys/kernel/random/boot_id'),
    pidNamespace: linkOrNull('/proc/self/ns/pid'),
  };
}

/** Replaces the file as a whole: a reader never sees half of it. */
export function writeOwner(directory: string, owner: SpoolOwner): void {
  const temporary = join(directory, `${FILE}.new`);
  writeFileSync(temporary, JSON.stringify(owner), { mode: 0o600 });
  renameSync(temporary, join(directory, FILE));
}

/** Throws when the directory has been taken away. */
export function beat(directory: string): void {
  const now = new Date();
  utimesSync(join(directory, FILE), now, now);
}

/** Epoch ms of the owner's last sign of life; 0 when it left none. */
export function lastBeat(directory: string): number {
  try {
    return Math.round(statSync(join(directory, FILE)).mtimeMs);
  } catch {
    return 0;
  }
}

export function readOwner(directory: string): SpoolOwner | null {
  try {
    return JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as SpoolOwner;
  } catch {
    return null;
  }
}

/**
 * Whether nobody will write into this directory any more. In our own namespace the kernel knows, at once and for
 * sure: pid plus start time name one process for ever, also where every container's process is pid 1. Owners in
 * other namespaces or on other machines are judged by their heartbeat.
 */
export function isOwnerDead(directory: string, self: SpoolOwner, now: number): boolean {
  const owner = readOwner(directory);
  const age = now - directoryBeat(directory);
  if (owner === null) return age > STALE_MS;
  const known = self.pidNamespace !== null && self.bootId !== null;
  if (known && owner.pidNamespace === self.pidNamespace && owner.bootId === self.bootId)
    return pidStart(owner.pid) !== owner.pidStart;
  if (known || owner.bootId !== null) return age > STALE_MS;
  return !pidExists(owner.pid) || age > STALE_UNSURE_MS;
}

/** The owner file's time, or the directory's own while there is no owner file yet. */
function directoryBeat(directory: string): number {
  const beatAt = lastBeat(directory);
  if (beatAt > 0) return beatAt;
  try {
    return statSync(directory).mtimeMs;
  } catch {
    return 0;
  }
}

/** Field 22 of /proc/<pid>/stat; the second field may hold spaces and brackets. Null: no such process, or no /proc. */
function pidStart(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; it only waits for its parent to ask.
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e: unknown) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function linkOrNull(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
