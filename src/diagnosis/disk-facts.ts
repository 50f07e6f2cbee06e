import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AppConfig } from '../config/app-config.js';
import { dataDirectoryWarning } from '../config/data-directory.js';
import type { DiskFacts, DiskPlace } from './facts.js';
import { passingStorage } from './mounts.js';

const MARKS_OF_A_CONTAINER = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];

/** Looks at the disks, and writes nothing to them. */
export async function diskFacts({
  dataDir,
  database,
}: Pick<AppConfig, 'dataDir' | 'database'>): Promise<DiskFacts> {
  const inContainer = MARKS_OF_A_CONTAINER.some((path) => existsSync(path));
  const sqlitePath = database.kind === 'sqlite' ? database.path : null;
  const looked = (holds: DiskPlace['holds'], path: string): Promise<DiskPlace> =>
    lookedAt(holds, path, inContainer);
  const places = await Promise.all([
    ...(sqlitePath === null ? [] : [looked('records', sqlitePath)]),
    looked('spool', dataDir),
  ]);
  return { dataDir, inContainer, sqlitePath, places, openDirectory: dataDirectoryWarning(dataDir) };
}

async function lookedAt(holds: DiskPlace['holds'], path: string, inContainer: boolean): Promise<DiskPlace> {
  const folder = existing(holds === 'records' ? dirname(path) : path);
  const stats = await statfs(folder).catch(() => null);
  return {
    holds,
    path,
    freeBytes: stats === null ? null : stats.bavail * stats.bsize,
    writable: isWritable(folder) && (holds === 'spool' || isWritableFile(path)),
    passing: passingStorage(path, mountinfo(), inContainer),
  };
}

/** A directory that is still to be made is as its parent. */
function existing(path: string): string {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? path : existing(parent);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** One that is still to be made is as its directory. */
function isWritableFile(path: string): boolean {
  if (!existsSync(path)) return true;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Only Linux has it. */
function mountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
