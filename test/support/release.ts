import { appendFileSync } from 'node:fs';
import { expect } from 'vitest';

const FULL = process.env['RPX_RELEASE'] === '1';

/** How much a spec does: little in the ordinary suite, all that a release has to show with `RPX_RELEASE=1`. */
export const size = (ordinary: number, release: number): number => (FULL ? release : ordinary);

/** A time that a release must keep; the ordinary suite shares its two cores with everything else and is patient. */
export const within = (ms: number): Limit => ({ atMost: size(ms * 10, ms) });

export type Limit = { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number };

/** Puts a measured figure down for the table of `npm run release-check`, then demands its limit. */
export function demand(id: string, what: string, value: number, limit: Limit): void {
  note(id, what, value, limit);
  if ('exactly' in limit) expect(value, what).toBe(limit.exactly);
  else if ('atMost' in limit) expect(value, what).toBeLessThanOrEqual(limit.atMost);
  else expect(value, what).toBeGreaterThanOrEqual(limit.atLeast);
}

/** Puts a figure down that nothing is demanded of. */
export function note(id: string, what: string, value: number, limit: Limit | null = null): void {
  const line = JSON.stringify({ id, what, value: round(value), limit });
  const file = process.env['RPX_FIGURES'];
  if (file) appendFileSync(file, `${line}\n`);
}

/** The value that a share `q` of the sample does not exceed. */
export function quantile(sample: readonly number[], q: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
