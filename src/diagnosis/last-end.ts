import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndFacts } from './facts.js';

/** Written by docker/supervisor/ended. */
const FILE = 'last-end.json';
const LONGEST = 4_000;

/** How a process of the container ended last; null = none is known to have. */
export async function lastEnd(dataDir: string): Promise<EndFacts | null> {
  const text = await readFile(join(dataDir, FILE), 'utf8').catch(() => '');
  return text.length > LONGEST ? null : parsed(text);
}

/** The container runs well again: what ended the one before it is history. */
export async function forgetLastEnd(dataDir: string): Promise<void> {
  const last = await lastEnd(dataDir);
  // One that cannot be removed is told for an hour.
  if (last?.containerEnded === true) await rm(join(dataDir, FILE), { force: true }).catch(() => undefined);
}

function parsed(text: string): EndFacts | null {
  try {
    const { process, code, signal, at, container_ended, last_line } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    if (typeof process !== 'string' || typeof at !== 'number') return null;
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
