import { isIP } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AddressRules } from '../../src/common/address-rules.js';
import { ProxyError } from '../../src/common/errors.js';
import { Secret } from '../../src/common/secret.js';
import { readClientFrame, serverKind } from '../../src/proxy/websocket/frames.js';
import { matchRoute } from '../../src/proxy/route-grammar.js';
import { scanRequestBody } from '../../src/proxy/request-scan.js';
import { checkBaseUrl } from '../../src/registry/base-url.js';
import { BEARER } from '../../src/resources/resource.js';
import { buildRequestHeaders } from '../../src/upstream/request-headers.js';
import { parseDuration } from '../../src/upstream/rate-limit-headers.js';
import { MAX_RETRY_AFTER_MS, parseRetryAfter } from '../../src/upstream/retry-after.js';
import { demand, note, size } from '../support/release.js';
import { run, tapFor } from '../support/responses-stream.js';
import { BODIES, HEADER_NAMES, HEADER_VALUES, RETRY_AFTERS, STREAMS } from './corpora.js';
import { Dice } from './dice.js';
import { HOSTILE_PATHS } from './hostile-paths.js';
import { HOSTILE_URLS } from './hostile-urls.js';

/** `RPX_FUZZ_SECONDS=600` gives each parser ten minutes and other inputs every time. */
const SECONDS = Number(process.env['RPX_FUZZ_SECONDS'] ?? 0);
const SEED = SECONDS > 0 ? Date.now() % 1_000_000_000 : 1;
const HANG_MS = 1_000;

/** Calls `once` with fresh inputs; what it throws has the seed, and nothing may take longer than a hang. */
async function fuzz(parser: string, count: number, once: (dice: Dice) => void): Promise<void> {
  const until = performance.now() + SECONDS * 1_000;
  let [n, longest] = [0, 0];
  for (; SECONDS > 0 ? performance.now() < until : n < count; n++) {
    // Whoever reports on the test wants to be heard now and then in ten minutes.
    if (n % 2_000 === 1_999) await turn();
    const seed = SEED + n;
    let took = timed(seed, once);
    // A machine with other work is slow once, a bad input always.
    if (took > HANG_MS) took = Math.min(took, timed(seed, once));
    if (took > HANG_MS) throw new Error(`${took} ms with the seed ${seed}`);
    longest = Math.max(longest, took);
  }
  note('S20', `${parser}: inputs without a crash`, n);
  demand('S20', `${parser}: longest of them, ms`, longest, { atMost: HANG_MS });
}

function timed(seed: number, once: (dice: Dice) => void): number {
  const begun = performance.now();
  try {
    once(new Dice(seed));
  } catch (cause: unknown) {
    throw new Error(`with the seed ${seed}`, { cause });
  }
  return performance.now() - begun;
}

/** Undefined when it was refused in words of ours. Anything else that is thrown is a crash. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error: unknown) {
    if (error instanceof ProxyError && error.status >= 400 && error.status < 500) return undefined;
    throw error;
  }
}

const timeout = SECONDS * 1_000 + size(60_000, 300_000);
const KEY = { apiKey: new Secret('sk-fuzz-upstream-key'), auth: BEARER };

it(
  'path grammar',
  async () => {
    const seeds = [
      ...HOSTILE_PATHS.filter((path) => path.length < 300),
      '/v1/responses',
      '/v1/models/gpt-5?x=1',
    ];
    await fuzz('path grammar', size(30_000, 300_000), (dice) => {
      const route = orRefused(() => matchRoute(dice.of(['GET', 'POST', 'DELETE']), dice.mutated(seeds)));
      if (route !== undefined)
        expect(route.upstreamPath).toMatch(/^\/(?:responses|conversations|models)(?:[/?]|$)/);
    });
  },
  timeout,
);

it(
  'header builder',
  async () => {
    await fuzz('header builder', size(8_000, 200_000), (dice) => {
      const raw: string[] = [];
      for (let n = dice.below(12); n > 0; n--)
        raw.push(dice.mutated(HEADER_NAMES), dice.mutated(HEADER_VALUES));
      const built = orRefused(() => buildRequestHeaders(raw, KEY, dice.of([null, 0, 5])));
      if (built === undefined) return;
      const names = built.filter((_, i) => i % 2 === 0);
      expect(names.filter((name) => name === 'authorization')).toHaveLength(1);
      expect(built.join('')).not.toMatch(/[\r\n\0]/);
      expect(names.every((name) => /^[a-z0-9_-]+$/.test(name))).toBe(true);
      expect(names).not.toContain('host');
    });
  },
  timeout,
);

it(
  'body scanner',
  async () => {
    let accepted = 0;
    await fuzz('body scanner', size(20_000, 200_000), (dice) => {
      const body = Buffer.from(dice.mutated(BODIES));
      const read = orRefused(() => scanRequestBody(body));
      if (read === undefined) return;
      accepted += 1;
      let parsed: unknown;
      try {
        parsed = JSON.parse(body.toString());
      } catch {
        return; // Wrong where nobody reads: the upstream says so.
      }
      // Two readers, one model: or a key could be used for what it may not.
      expect(read.model ?? null).toEqual((parsed as { model?: unknown }).model ?? null);
    });
    expect(accepted).toBeGreaterThan(100);
  },
  timeout,
);

it(
  'SSE reader, and the reader of WebSocket messages',
  async () => {
    await fuzz('SSE reader, and the reader of WebSocket messages', size(5_000, 100_000), (dice) => {
      const stream = Buffer.from(dice.mutated(STREAMS));
      const cut = dice.below(stream.length + 1);
      const whole = run(tapFor(), [stream]);
      const pieces = run(tapFor(), [stream.subarray(0, cut), stream.subarray(cut)]);
      expect({ ...pieces, captured: 0, ends: 0 }).toEqual({ ...whole, captured: 0, ends: 0 });
      for (const count of Object.values(whole.usage ?? {}))
        if (count !== null) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
      serverKind(stream);
      orRefused(() => readClientFrame(Buffer.from(dice.mutated(BODIES))));
    });
  },
  timeout,
);

it(
  'Retry-After',
  async () => {
    await fuzz('Retry-After', size(30_000, 300_000), (dice) => {
      const [retryAfter, retryAfterMs, date] = [0, 0, 0].map(() =>
        dice.below(3) > 0 ? dice.mutated(RETRY_AFTERS) : null,
      );
      const ms = parseRetryAfter(
        { retryAfter: retryAfter ?? null, retryAfterMs: retryAfterMs ?? null, date: date ?? null },
        Date.now(),
      );
      if (ms !== null) expect(Number.isInteger(ms) && ms >= 0 && ms <= MAX_RETRY_AFTER_MS).toBe(true);
      else expect([retryAfter, retryAfterMs]).toEqual([null, null]);
      parseDuration(dice.mutated(RETRY_AFTERS));
    });
  },
  timeout,
);

it(
  'URL checks',
  async () => {
    const rules = new AddressRules(['10.0.0.0/8']);
    const seeds = [
      ...HOSTILE_URLS,
      'https://api.openai.com/v1',
      'https://1.1.1.1/v1',
      'http://10.1.2.3:11434/v1',
    ];
    let accepted = 0;
    await fuzz('URL checks', size(30_000, 300_000), (dice) => {
      const checked = checkBaseUrl(dice.mutated(seeds), rules);
      if (!checked.ok) return;
      accepted += 1;
      const { protocol, username, password, search, hash, hostname, pathname } = new URL(checked.url);
      const host = hostname.replace(/^\[|\]$/g, '');
      expect([username, password, search, hash]).toEqual(['', '', '', '']);
      expect(pathname.endsWith('/') && pathname !== '/').toBe(false);
      if (isIP(host) === 0) expect([protocol, host.includes('.')]).toEqual(['https:', true]);
      else expect(rules.allows(host) && (protocol === 'https:' || rules.isNamed(host))).toBe(true);
    });
    expect(accepted).toBeGreaterThan(100);
  },
  timeout,
);
