import type { KeySpent, Peer } from './peers.js';

/** A process as it tells of itself in a beat: everything but what only the reader can know. */
export type ToldPeer = Omit<Peer, 'ageMs' | 'self'>;

/** Reads another process's facts; null when they make no sense. Another version may tell less, or more. */
export function readPeer(instanceId: string, json: string): ToldPeer | null {
  const told = parse(json);
  if (told === null) return null;
  return {
    instanceId,
    role: told['role'] === 'worker' ? 'worker' : 'api',
    version: text(told['version']),
    host: text(told['host']),
    pid: count(told['pid']),
    uptimeMs: count(told['uptimeMs']),
    inFlight: counts(told['inFlight']),
    pending: count(told['pending']),
    lagMs: count(told['lagMs']),
    databaseId: typeof told['databaseId'] === 'string' ? told['databaseId'] : null,
    draining: told['draining'] === true,
    batches: count(told['batches']),
    works: told['works'] === true,
    keyMinutes: keyMinutes(told['keyMinutes']),
    keySpent: keySpent(told['keySpent']),
  };
}

function parse(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

function counts(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value)
      .map(([id, n]) => [id, count(n)] as const)
      .filter(([, n]) => n > 0),
  );
}

function keySpent(value: unknown): Record<string, KeySpent> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]))
      .map(([id, [a, b, c, d, e, f, g]]) => [
        id,
        [count(a), count(b), count(c), count(d), count(e), count(f), count(g)],
      ]),
  );
}

function keyMinutes(value: unknown): Record<string, readonly [number, number]> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]))
      .map(([id, [requests, tokens]]) => [id, [count(requests), count(tokens)] as const]),
  );
}
