import { describe, expect, it } from 'vitest';
import { answered, SERVED } from '../../test/support/routing-world.js';
import type { JsonObject } from '../state/peers.js';
import { initialHealth, type HealthState } from './health-state.js';
import { applyOutcome } from './passive-health.js';
import { refusalOf } from './health-view.js';
import { mergeHealth } from './shared-verdict.js';
import { isNews, readHealth, tellHealth } from './told-health.js';
import { acquit } from './unknown-refusal.js';

const NOW = 1_000_000;
/** Another replica's clock is somebody else's business. */
const SKEW = 7_200_000;

function after(...outcomes: Parameters<typeof applyOutcome>[2][]): HealthState {
  return later(NOW, initialHealth(NOW - 60_000), ...outcomes);
}

function later(now: number, state: HealthState, ...outcomes: Parameters<typeof applyOutcome>[2][]) {
  return outcomes.reduce((one, outcome) => applyOutcome(one, 'm', outcome, now), state);
}

/** `state` as a replica whose clock is two hours ahead tells it `elapsed` ms ago. */
function told(state: HealthState, at = NOW, elapsed = 0, now = at + elapsed) {
  const body = JSON.parse(JSON.stringify(tellHealth(ahead(state), at + SKEW)));
  const heard = readHealth(body, 'inst_other', elapsed, now);
  if (heard === null) throw new Error(`unreadable: ${JSON.stringify(body)}`);
  return heard;
}

function ahead(state: HealthState): HealthState {
  const add = (time: number | null) => (time === null ? null : time + SKEW);
  const { verdict } = state;
  const shifted =
    verdict === null
      ? null
      : verdict.kind === 'hard'
        ? { ...verdict, trialAt: add(verdict.trialAt) }
        : verdict.kind === 'cooling'
          ? { ...verdict, until: verdict.until + SKEW }
          : { ...verdict, until: verdict.until + SKEW, trialAt: verdict.trialAt + SKEW };
  const denied = state.denied.map(({ model, until }) => ({ model, until: until + SKEW }));
  return { ...state, verdict: shifted, judgedAt: add(state.judgedAt), denied };
}

const merged = (own: HealthState, other: HealthState, now = NOW) => mergeHealth(own, told(other, now), now);
const COOL_30 = answered(429, null, 30_000);
const COOL_60 = answered(429, null, 60_000);
const ERRORS = Array.from({ length: 5 }, () => answered(500));
const FRESH = initialHealth(NOW - 60_000);

function short(state: HealthState, now = NOW): string {
  const refusal = refusalOf(state, null, now);
  const wait = refusal?.until === undefined || refusal.until === null ? '' : ` ${refusal.until - now}`;
  return `${state.status}/${state.reason}${refusal === null ? '' : ` ${refusal.reason}${wait}`}`;
}

describe('what another replica says of a key', () => {
  it.each([
    ['the same refusal', answered(403, 'strange'), 'healthy/served'],
    ['errors', ERRORS, 'unhealthy/server_errors unhealthy 29000'],
    ['no quota', answered(429, 'insufficient_quota'), 'unhealthy/insufficient_quota unhealthy 299000'],
  ])('takes back what was the fault of the request, and nothing else: %s', (_, seen, expected) => {
    const acquitted = acquit(after(answered(403, 'strange')), 'strange', NOW + 1_000);
    const own = after(...[seen].flat());
    expect(short(mergeHealth(own, told(acquitted, NOW + 1_000), NOW + 1_000), NOW + 1_000)).toBe(expected);
  });

  it.each([
    ['a pause', after(COOL_30), 'degraded/rate_limited cooling 30000'],
    ['a refused key', after(answered(401)), 'unhealthy/invalid_key unhealthy'],
    ['no permission', after(answered(403)), 'unhealthy/forbidden unhealthy 300000'],
    ['no quota', after(answered(429, 'insufficient_quota')), 'unhealthy/insufficient_quota unhealthy 300000'],
    ['errors in a row', after(...ERRORS), 'unhealthy/server_errors unhealthy 30000'],
    ['that it works', after(answered(403), SERVED), 'healthy/served'],
  ])('holds here too: %s', (_name, other, expected) => {
    expect(short(merged(FRESH, other))).toBe(expected);
    // Heard a second time it changes nothing.
    const once = merged(FRESH, other);
    expect(short(mergeHealth(once, told(other), NOW))).toBe(expected);
  });

  it.each([
    ['the longer pause', after(COOL_30), after(COOL_60), 'degraded/rate_limited cooling 60000'],
    ['a refusal beats a pause', after(COOL_60), after(answered(401)), 'unhealthy/invalid_key unhealthy'],
    [
      'a refusal beats errors',
      after(...ERRORS),
      after(answered(403)),
      'unhealthy/forbidden unhealthy 300000',
    ],
    [
      'what only a success lifts beats what a probe lifts',
      after(answered(401)),
      after(answered(403)),
      'unhealthy/forbidden unhealthy 300000',
    ],
    [
      'a pause holds though errors last longer',
      after(answered(429, null, 5_000)),
      after(...ERRORS),
      'degraded/rate_limited cooling 30000',
    ],
    ['a longer pause beats errors', after(...ERRORS), after(COOL_60), 'degraded/rate_limited cooling 60000'],
  ])('is joined with what is known, in either order: %s', (_name, a, b, expected) => {
    expect(short(merged(a, b))).toBe(expected);
    expect(short(merged(b, a))).toBe(expected);
  });

  it('that took its time counts from when it was told', () => {
    const other = after(COOL_60);
    const state = mergeHealth(FRESH, told(other, NOW, 20_000), NOW + 20_000);
    expect(short(state, NOW + 20_000)).toBe('degraded/rate_limited cooling 40000');
    expect(mergeHealth(FRESH, told(other, NOW, 60_000), NOW + 60_000)).toBe(FRESH);
  });

  it('lifts what is older, and nothing that is newer', () => {
    const lifted = later(NOW + 10_000, after(answered(403)), SERVED);
    const heard = told(lifted, NOW + 10_000);
    expect(short(mergeHealth(after(answered(403)), heard, NOW + 10_000))).toBe('healthy/served');
    const newer = later(NOW + 20_000, FRESH, answered(403));
    const late = told(lifted, NOW + 10_000, 15_000);
    expect(short(mergeHealth(newer, late, NOW + 25_000), NOW + 25_000)).toMatch(/^unhealthy\/forbidden/);
    // Refused again since, under the same name.
    const again = later(NOW + 20_000, after(answered(403)), answered(403));
    expect(short(mergeHealth(again, late, NOW + 25_000), NOW + 25_000)).toMatch(/^unhealthy\/forbidden/);
  });

  it('comes too late when this replica has seen the key work since', () => {
    const worked = later(NOW + 10_000, after(answered(403)), SERVED);
    const stale = told(after(answered(401)), NOW, 15_000);
    expect(short(mergeHealth(worked, stale, NOW + 15_000))).toBe('healthy/served');
    // A pause is the upstream's own time: a success in between does not end it.
    const pause = told(after(COOL_60), NOW, 15_000);
    expect(short(mergeHealth(worked, pause, NOW + 15_000), NOW + 15_000)).toMatch(/cooling 45000$/);
  });

  it('lifts no pause, and by a probe only what a probe may', () => {
    const served = after(answered(403), SERVED);
    expect(short(merged(after(COOL_30), served))).toBe('degraded/rate_limited cooling 30000');
    const probed = { ...served, reason: 'probe_ok' };
    expect(short(merged(after(answered(403)), probed))).toMatch(/^unhealthy\/forbidden/);
    expect(short(merged(after(answered(401)), probed))).toBe('healthy/probe_ok');
  });

  it('is not about what cannot be reached from there, nor about what cannot be reached from here', () => {
    const unreachable = after(
      ...Array.from({ length: 3 }, () => ({ kind: 'unsent', cause: 'refused', message: 'x' }) as const),
    );
    expect(unreachable.reason).toBe('unreachable');
    expect(merged(FRESH, unreachable)).toBe(FRESH);
    expect(isNews(FRESH, unreachable, NOW)).toBe(false);
    expect(short(merged(unreachable, after(answered(403), SERVED)))).toMatch(/^unhealthy\/unreachable/);
    expect(short(merged(unreachable, after(answered(401))))).toBe('unhealthy/invalid_key unhealthy');
  });

  it('takes a model from a key, for the longest time anybody knows', () => {
    const denied = after(answered(404, 'model_not_found'));
    const state = merged(FRESH, denied);
    expect(refusalOf(state, 'm', NOW)).toMatchObject({ reason: 'model_denied', until: NOW + 3_600_000 });
    expect(merged(state, { ...denied, denied: [{ model: 'm', until: NOW + 1_000 }] })).toBe(state);
  });

  it('keeps the trial of one: whoever tries pushes it back for all', () => {
    const own = after(answered(403));
    const tried = { ...own, verdict: { kind: 'hard', trialAt: NOW + 900_000 } as const };
    // No longer than this process would wait itself.
    expect(short(merged(own, tried))).toBe('unhealthy/forbidden unhealthy 300000');
    const due = { ...own, verdict: { kind: 'hard', trialAt: NOW } as const };
    expect(short(merged(due, own))).toBe('unhealthy/forbidden unhealthy 300000');
    expect(merged(own, due)).toMatchObject({ verdict: own.verdict });
  });

  it('is news once: not again for a message’s delay, but for a longer wait, another reason and a lift', () => {
    const own = after(COOL_30);
    const wait = (until: number) => ({ ...own, verdict: { kind: 'cooling', until } as const });
    expect(isNews(FRESH, own, NOW)).toBe(true);
    expect(isNews(own, wait(NOW + 30_400), NOW)).toBe(false);
    expect(isNews(own, wait(NOW + 31_000), NOW)).toBe(true);
    expect(isNews(own, wait(NOW + 20_000), NOW)).toBe(false);
    expect(isNews(own, after(answered(401)), NOW)).toBe(true);
    expect(isNews(after(answered(401)), after(answered(401), SERVED), NOW)).toBe(true);
    expect(isNews(FRESH, after(SERVED), NOW)).toBe(false);
  });

  it.each<JsonObject>([
    {},
    { kind: 'cooling', reason: 'rate_limited', age_ms: 1, wait_ms: '5', denied: [] },
    { kind: 'cooling', reason: 'rate_limited', age_ms: -1, wait_ms: 5, denied: [] },
    { kind: 'quarantined', reason: 'x', age_ms: 1, wait_ms: 5 },
    { kind: 'hard', reason: 'DROP TABLE', age_ms: 1, wait_ms: null },
  ])('is left alone when it cannot be read: %j', (body) => {
    expect(readHealth(body, 'inst_other', 0, NOW)).toBeNull();
  });

  it('names the teller, never the upstream’s words', () => {
    const other = later(NOW, FRESH, { ...answered(401), message: 'Incorrect key sk-secret' });
    expect(JSON.stringify(tellHealth(other, NOW))).not.toContain('sk-secret');
    expect(merged(FRESH, other).detail).toBe('seen by inst_other');
  });
});
