import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndFacts } from './facts.js';

/** Written by docker/supervisor/ended. */
const FILE = 'last-end.json';
const LONGEST = 4_000;
/** Of a `Date`. */
const LATEST = 8.64e15;

/** How a process of the container ended last; null = none is known to have. */
export async function lastEnd(dataDir: string): Promise<EndFacts | null> {
  return parsed(await contentOf(join(dataDir, FILE)).catch(() => ''));
}

/** The container runs well again: what ended the one before it, before `startedAt`, is history. */
export async function forgetLastEnd(dataDir: string, startedAt: number): Promise<void> {
  const last = await lastEnd(dataDir);
  // Known to the second: one of the same second may be of this container.
  if (last?.containerEnded !== true || last.at >= startedAt - (startedAt % 1_000)) return;
  // One that cannot be removed is told for an hour.
  await rm(join(dataDir, FILE), { force: true }).catch(() => undefined);
}

/** Empty for what is not of the supervisor's making. */
async function contentOf(path: string): Promise<string> {
  const about = await stat(path);
  return about.isFile() && about.size <= LONGEST ? readFile(path, 'utf8') : '';
}

function parsed(text: string): EndFacts | null {
  try {
    const { process, code, signal, at, container_ended, last_line } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    if (typeof process !== 'string' || !isTime(at)) return null;
    return {
      process,
      code: typeof code === 'number' ? code : null,
      signal: typeof signal === 'number' ? signal : null,
      at,
      containerEnded: container_ended === true,
      lastLine: typeof last_line === 'string' ? last_line : null,
    };
  } catch {
    return null; // torn, or somebody else's
  }
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= LATEST;
}
