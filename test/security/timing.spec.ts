import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { AdminToken } from '../../src/admin/admin-token.js';
import { ClientKeyring } from '../../src/registry/client-keyring.js';
import { clientKeyDigest, newClientKey } from '../../src/registry/client-key-token.js';
import { aClientKey } from '../support/registry-rows.js';
import { demand } from '../support/release.js';

const SAMPLES = 20_000;
/** Beyond this two sets of times are not of one kind (Welch, as dudect has it). */
const LIMIT = 4.5;

const TOKEN = randomBytes(32).toString('hex');
const flipped = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);

/** |t| of the times of two kinds of guess, taken in turns so that whatever else the machine does meets both alike. */
function distance(compare: (guess: string) => unknown, a: readonly string[], b: readonly string[]): number {
  const times: [number[], number[]] = [[], []];
  for (let n = 0; n < SAMPLES * 2; n++) {
    const kind = ((n & 1) ^ ((n >> 1) & 1)) as 0 | 1;
    const guesses = kind === 0 ? a : b;
    const guess = guesses[(n >> 1) % guesses.length] ?? '';
    const begun = process.hrtime.bigint();
    compare(guess);
    times[kind].push(Number(process.hrtime.bigint() - begun));
  }
  // Interruptions are no property of the comparison: the slowest tenth of both goes.
  const cut = times.flat().toSorted((x, y) => x - y)[Math.floor(SAMPLES * 1.8)] ?? Infinity;
  const [first, second] = times.map((all) => statistics(all.filter((time) => time <= cut)));
  if (first === undefined || second === undefined) return Number.NaN;
  return Math.abs(first.mean - second.mean) / Math.sqrt(first.error + second.error);
}

function statistics(sample: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
  const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (sample.length - 1);
  return { mean, error: variance / sample.length };
}

/** A machine with other work shows differences that are not there, never hides one that is, fifteen times over. */
const least = (compare: (guess: string) => unknown, a: readonly string[], b: readonly string[]): number => {
  let smallest = Infinity;
  for (let round = 0; round < 15 && !(smallest < LIMIT); round++)
    smallest = Math.min(smallest, distance(compare, a, b));
  return smallest;
};

/** One piece, as the parser makes it: strings put together take longer to read. */
const asSent = (text: string): string => Buffer.from(text).toString('latin1');

it('a guess at the admin token that is right up to its last character takes as long as one that is wrong at once', () => {
  const token = new AdminToken(TOKEN);
  expect(token.matches(TOKEN)).toBe(true);
  const [early, late] = [[flipped(TOKEN, 0)], [flipped(TOKEN, TOKEN.length - 1)]];
  const t = least((guess) => token.matches(guess), early, late);
  demand('S8', '|t| of a wrong admin token', t, { atMost: LIMIT });
  expect(least((guess) => token.matches(guess), [TOKEN], early)).toBeLessThan(LIMIT);
}, 60_000);

it('so does a guess at a client key, which is found by its digest', () => {
  const known = Array.from({ length: 5_000 }, () => newClientKey());
  const keyring = new ClientKeyring(
    known.map((key, n) => aClientKey({ id: `key_${n}`, digest: clientKeyDigest(key) })),
  );
  expect(known.every((key) => keyring.find(key, 0).key !== null)).toBe(true);
  // All have a right checksum: without one nothing is looked up. Many of each, as some are longer numbers than others.
  const near = known.map((key) => {
    const secret = flipped(key.slice(0, -7), 53);
    return secret + crc32(secret).toString(36).padStart(7, '0');
  });
  const far = Array.from({ length: 5_000 }, () => newClientKey());
  expect([...near, ...far].every((guess) => keyring.find(guess, 0).refusal === 'unknown')).toBe(true);
  const t = least((guess) => keyring.find(guess, 0), near.map(asSent), far.map(asSent));
  demand('S8', '|t| of a wrong client key', t, { atMost: LIMIT });
}, 60_000);

it('a comparison that stops at the first difference would be noticed', () => {
  const leaky = (guess: string): boolean => {
    for (let i = 0; i < TOKEN.length; i++) {
      if (guess.charCodeAt(i) !== TOKEN.charCodeAt(i)) return false;
      for (let n = 0; n < 20; n++) Math.sqrt(n + i);
    }
    return true;
  };
  expect(least(leaky, [flipped(TOKEN, 0)], [flipped(TOKEN, TOKEN.length - 1)])).toBeGreaterThan(LIMIT);
}, 60_000);
