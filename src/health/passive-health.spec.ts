import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { initialHealth, type HealthState } from './health-state.js';
import { describeHealth, refusalOf } from './health-view.js';
import { admit, applyOutcome } from './passive-health.js';
import { applyProbe } from './probe-health.js';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const UNSENT: AttemptOutcome = { kind: 'unsent', cause: 'refused', message: 'ECONNREFUSED' };
const CUT: AttemptOutcome = { kind: 'cut', cause: 'eof', message: 'ended early' };
const LOST: AttemptOutcome = { kind: 'lost', cause: 'reset', message: 'reset' };
const NEUTRAL: AttemptOutcome = { kind: 'neutral', cause: 'client_aborted' };
const inStream = (code: string | null): AttemptOutcome => ({ kind: 'failed_in_stream', code, message: null });

function after(...outcomes: AttemptOutcome[]): HealthState {
  return outcomes.reduce((state, outcome) => applyOutcome(state, 'm', outcome, NOW), initialHealth(NOW));
}

function times(n: number, outcome: AttemptOutcome): AttemptOutcome[] {
  return Array.from({ length: n }, () => outcome);
}

function probe(
  state: HealthState,
  status: number | null,
  options: { code?: string; error?: string; byOperator?: boolean } = {},
) {
  const { code = null, error = null } = options;
  const answer = { status, latencyMs: 5, error, organization: null, code };
  return applyProbe(state, answer, NOW, options.byOperator ?? false);
}

function summary(state: HealthState, now = NOW): string {
  const refusal = refusalOf(state, 'm', now);
  const { status, reason } = describeHealth(state, now, 0);
  if (refusal === null) return `${status}/${reason} usable`;
  const wait = refusal.until === null ? '' : ` ${(refusal.until - now) / SECOND}s`;
  return `${status}/${reason} ${refusal.reason}${wait}${refusal.soft ? ' soft' : ''}`;
}

const SCOPE_MESSAGE =
  'You have insufficient permissions for this operation. Missing scopes: api.responses.write.';

describe('passive health', () => {
  it.each<[string, AttemptOutcome[], string]>([
    ['nothing', [], 'unknown/not_tried usable'],
    ['served', [SERVED], 'healthy/served usable'],
    ['401', [SERVED, answered(401)], 'unhealthy/invalid_key unhealthy'],
    ['403', [answered(403)], 'unhealthy/forbidden unhealthy 300s'],
    ['401 for a scope', [answered(401, 'missing_scope')], 'unhealthy/forbidden unhealthy 300s'],
    [
      '401 for a scope, in words only',
      [{ ...answered(401, 'invalid_request_error'), message: SCOPE_MESSAGE }],
      'unhealthy/forbidden unhealthy 300s',
    ],
    [
      '401 of a revoked key that speaks of permissions, too',
      [{ ...answered(401, 'api_key_revoked'), message: SCOPE_MESSAGE }],
      'unhealthy/invalid_key unhealthy',
    ],
    ['quota', [answered(429, 'insufficient_quota', 1)], 'unhealthy/insufficient_quota unhealthy 300s'],
    ['429 without retry-after', [answered(429)], 'degraded/rate_limited cooling 20s'],
    ['429 with it', [answered(429, 'rate_limit_exceeded', 7_500)], 'degraded/rate_limited cooling 7.5s'],
    ['429, absurd', [answered(429, null, 1e12)], 'degraded/rate_limited cooling 600s'],
    ['429, negative', [answered(429, null, -5)], 'degraded/rate_limited cooling 20s'],
    ['429, NaN', [answered(429, null, NaN)], 'degraded/rate_limited cooling 20s'],
    ['429, now', [answered(429, null, 0)], 'degraded/rate_limited cooling 1s'],
    [
      'streams without their terminal event',
      times(5, { kind: 'cut', cause: 'no_terminal', message: 'no end' }),
      'unhealthy/server_errors unhealthy 30s soft',
    ],
    ['503 with retry-after', [answered(503, null, 7_500)], 'degraded/overloaded cooling 7.5s'],
    [
      '503, the longest wins',
      [answered(503, null, 50_000), answered(503, null, 5_000)],
      'degraded/overloaded cooling 50s',
    ],
    [
      '503, the longest wins, ejected',
      [...times(5, answered(500)), answered(503, null, 45_000)],
      'degraded/overloaded cooling 45s',
    ],
    ['503 five times within a pause', times(5, answered(503, null, 1_000)), 'degraded/overloaded cooling 1s'],
    [
      'the longest wins',
      [answered(429, null, 50_000), answered(429, null, 5_000)],
      'degraded/rate_limited cooling 50s',
    ],
    ['a success does not shorten a cooldown', [answered(429), SERVED], 'degraded/rate_limited cooling 20s'],
    ['a success lifts a hard verdict', [answered(403), SERVED], 'healthy/served usable'],
    ['429 does not soften a hard verdict', [answered(401), answered(429)], 'unhealthy/invalid_key unhealthy'],
    [
      '401 does not replace a lasting verdict',
      [answered(403), answered(401)],
      'unhealthy/forbidden unhealthy 300s',
    ],
    ['two unsent', [SERVED, UNSENT, UNSENT], 'healthy/served usable'],
    ['three unsent', [SERVED, ...times(3, UNSENT)], 'unhealthy/unreachable unhealthy 30s soft'],
    [
      'one certificate that is refused',
      [SERVED, { kind: 'unsent', cause: 'tls', message: 'certificate has expired' }],
      'unhealthy/unreachable unhealthy 30s soft',
    ],
    ['unsent, with an answer between', [UNSENT, UNSENT, answered(400), UNSENT], 'unknown/not_tried usable'],
    [
      'our own pool was full',
      times(9, { kind: 'unsent', cause: 'pool', message: '' }),
      'unknown/not_tried usable',
    ],
    ['four failures', [SERVED, ...times(4, answered(500))], 'healthy/served usable'],
    [
      'five failures of all kinds',
      [answered(500), CUT, LOST, answered(503), inStream('server_error')],
      'unhealthy/server_errors unhealthy 30s soft',
    ],
    ['served between failures', [...times(4, CUT), SERVED, ...times(4, CUT)], 'healthy/served usable'],
    ['redirects', times(5, answered(302)), 'unhealthy/server_errors unhealthy 30s soft'],
    ['faults of requests', times(9, answered(400, 'invalid_encrypted_content')), 'unknown/not_tried usable'],
    ['clients leaving', [SERVED, ...times(9, NEUTRAL)], 'healthy/served usable'],
    [
      'our own total limit',
      times(9, { kind: 'cut', cause: 'total_timeout', message: '' }),
      'unknown/not_tried usable',
    ],
    [
      'no answer at all within a total limit that is shorter than the one for the first byte',
      times(5, { kind: 'lost', cause: 'total_timeout', message: '' }),
      'unhealthy/server_errors unhealthy 30s soft',
    ],
    ['a refused prompt in a stream', times(9, inStream('invalid_prompt')), 'unknown/not_tried usable'],
    ['rate limit in a stream', [inStream('rate_limit_exceeded')], 'degraded/rate_limited cooling 20s'],
    ['quota in a stream', [inStream('insufficient_quota')], 'unhealthy/insufficient_quota unhealthy 300s'],
    [
      'model denied by 404',
      [SERVED, answered(404, 'model_not_found')],
      'healthy/served model_denied 3600s soft',
    ],
    [
      'model denied by 403',
      [SERVED, answered(403, 'model_not_found')],
      'healthy/served model_denied 3600s soft',
    ],
    ['404 for something else', [SERVED, answered(404)], 'healthy/served usable'],
  ])('%s', (_name, outcomes, expected) => {
    expect(summary(after(...outcomes))).toBe(expected);
  });

  it('answers the same object when a healthy resource serves again', () => {
    const state = after(SERVED);
    expect(applyOutcome(state, 'm', SERVED, NOW)).toBe(state);
  });

  it('is itself again when a cooldown is over', () => {
    expect(summary(after(answered(429)), NOW + 20 * SECOND)).toBe('healthy/cooldown_over usable');
  });

  it('denies a model for an hour, to that model only, and remembers 64 of them', () => {
    const state = after(answered(404, 'model_not_found'));
    expect(refusalOf(state, 'other', NOW)).toBeNull();
    expect(refusalOf(state, null, NOW)).toBeNull();
    expect(refusalOf(state, 'm', NOW + 3_600_000)).toBeNull();
    let many = state;
    for (let n = 0; n < 100; n++) many = applyOutcome(many, `m${n}`, answered(404, 'model_not_found'), NOW);
    expect(describeHealth(many, NOW, 0).deniedModels).toHaveLength(64);
    expect(refusalOf(many, 'm99', NOW)).not.toBeNull();
  });

  it('ejects longer each time, ten minutes at most, and starts over after a quiet time', () => {
    let state = after(...times(5, CUT));
    let now = NOW;
    const lengths: number[] = [];
    for (let n = 0; n < 25; n++) {
      const length = (refusalOf(state, null, now)?.until ?? now) - now;
      lengths.push(length / SECOND);
      now += length;
      state = applyOutcome(admit(state, now), null, CUT, now);
    }
    expect(lengths.slice(0, 3)).toEqual([30, 60, 90]);
    expect(Math.max(...lengths)).toBe(600);
    now += 2_000_000;
    state = applyOutcome(applyOutcome(state, null, SERVED, now), null, SERVED, now);
    for (const outcome of times(5, CUT)) state = applyOutcome(state, null, outcome, now);
    expect(summary(state, now)).toBe('unhealthy/server_errors unhealthy 30s soft');
  });

  it('gives a trial to one, to the next only later, and heals when it is served', () => {
    for (const [outcomes, firstTrial, pause] of [
      [times(5, CUT), 30, 10],
      [[answered(403)], 300, 300],
    ] as const) {
      const due = NOW + firstTrial * SECOND;
      const open = after(...outcomes);
      expect(refusalOf(open, null, due - 1)).not.toBeNull();
      expect(refusalOf(open, null, due)).toBeNull();
      const taken = admit(open, due);
      expect(refusalOf(taken, null, due)?.until).toBe(due + pause * SECOND);
      expect(refusalOf(taken, null, due + pause * SECOND)).toBeNull();
      expect(summary(applyOutcome(taken, null, SERVED, due + 5), due + 5)).toBe('healthy/served usable');
    }
    expect(refusalOf(admit(after(answered(401)), NOW + 1e9), null, NOW + 1e9)).not.toBeNull();
  });

  it('believes no straggler: what left before the verdict neither lifts nor adds to it', () => {
    const quota = after(answered(429, 'insufficient_quota'));
    expect(applyOutcome(quota, 'm', SERVED, NOW + 100, NOW - 1)).toBe(quota);
    const ejected = after(...times(5, CUT));
    expect(applyOutcome(ejected, 'm', CUT, NOW + 40_000, NOW - 1)).toBe(ejected);
  });

  it('never shortens a pause and never lets a soft refusal hide a hard one, whatever happens', () => {
    const anyOutcome = fc.constantFrom<AttemptOutcome>(
      SERVED,
      UNSENT,
      CUT,
      LOST,
      NEUTRAL,
      answered(401),
      answered(403),
      answered(429),
      answered(429, null, 90_000),
      answered(429, 'insufficient_quota'),
      answered(500),
      answered(400),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(anyOutcome, fc.nat({ max: 40_000 })), { maxLength: 60 }), (steps) => {
        let state = initialHealth(NOW);
        let now = NOW;
        for (const [outcome, pause] of steps) {
          now += pause;
          const before = refusalOf(state, null, now);
          state = applyOutcome(state, null, outcome, now);
          const left = refusalOf(state, null, now);
          if (before?.reason === 'cooling') {
            expect(left).not.toBeNull();
            if (left?.reason === 'cooling') expect(left.until).toBeGreaterThanOrEqual(before.until ?? 0);
          }
          if (before !== null && !before.soft && outcome.kind !== 'served') expect(left?.soft).toBe(false);
        }
      }),
    );
  });
});

describe('probes', () => {
  it.each<[string, HealthState, number | null, object, string]>([
    ['200 from unknown', after(), 200, {}, 'healthy/probe_ok usable'],
    ['200 after serving', after(SERVED), 200, {}, 'healthy/served usable'],
    ['200 clears invalid_key', after(answered(401)), 200, {}, 'healthy/probe_ok usable'],
    ['200 clears unreachable', after(...times(3, UNSENT)), 200, {}, 'healthy/probe_ok usable'],
    [
      '200 clears no quota verdict',
      after(answered(429, 'insufficient_quota')),
      200,
      {},
      'unhealthy/insufficient_quota unhealthy 300s',
    ],
    ['200 clears no 403', after(answered(403)), 200, {}, 'unhealthy/forbidden unhealthy 300s'],
    ['200 clears no cooldown', after(answered(429)), 200, {}, 'degraded/rate_limited cooling 20s'],
    [
      '200 clears no server errors',
      after(...times(5, CUT)),
      200,
      {},
      'unhealthy/server_errors unhealthy 30s soft',
    ],
    [
      'an operator opens a trial',
      after(answered(403)),
      200,
      { byOperator: true },
      'unhealthy/forbidden usable',
    ],
    ['401', after(SERVED), 401, {}, 'unhealthy/invalid_key unhealthy'],
    ['401 keeps a lasting verdict', after(answered(403)), 401, {}, 'unhealthy/forbidden unhealthy 300s'],
    ['401 for a scope', after(SERVED), 401, { code: 'missing_scope' }, 'healthy/served usable'],
    ['401 for a scope, in words', after(SERVED), 401, { error: SCOPE_MESSAGE }, 'healthy/served usable'],
    ['403 from unknown', after(), 403, {}, 'degraded/probe_forbidden usable'],
    ['403 of a key that serves', after(SERVED), 403, {}, 'healthy/served usable'],
    ['404 from unknown', after(), 404, {}, 'degraded/probe_rejected usable'],
    ['500 from unknown', after(), 500, {}, 'degraded/probe_failed usable'],
    ['no answer from unknown', after(), null, {}, 'degraded/probe_failed usable'],
    [
      'the third without an answer',
      after(SERVED, UNSENT, UNSENT),
      null,
      {},
      'unhealthy/unreachable unhealthy 30s soft',
    ],
    ['the fifth failure', after(...times(4, CUT)), 502, {}, 'unhealthy/server_errors unhealthy 30s soft'],
  ])('%s', (_name, before, status, options, expected) => {
    const state = probe(before, status, options);
    expect(summary(state)).toBe(expected);
    expect(state.probe).toMatchObject({ status, at: NOW, latencyMs: 5 });
  });
});
