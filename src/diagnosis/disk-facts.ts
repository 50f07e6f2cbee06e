import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AppConfig } from '../config/app-config.js';
import { dataDirectoryWarning } from '../config/data-directory.js';
import type { DiskFacts } from './facts.js';
import { passingStorage } from './mounts.js';

const MARKS_OF_A_CONTAINER = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];

/** Looks at the disk, and writes nothing to it. */
export async function diskFacts({
  dataDir,
  database,
}: Pick<AppConfig, 'dataDir' | 'database'>): Promise<DiskFacts> {
  const place = existing(dataDir);
  const inContainer = MARKS_OF_A_CONTAINER.some((path) => existsSync(path));
  const sqlitePath = database.kind === 'sqlite' ? database.path : null;
  const stats = await statfs(place).catch(() => null);
  return {
    dataDir,
    freeBytes: stats === null ? null : stats.bavail * stats.bsize,
    totalBytes: stats === null ? null : stats.blocks * stats.bsize,
    writable: isWritable(place),
    inContainer,
    sqlitePath,
    passing: passingStorage(sqlitePath ?? dataDir, mountinfo(), inContainer),
    openDirectory: dataDirectoryWarning(dataDir),
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

/** Only Linux has it. */
function mountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
