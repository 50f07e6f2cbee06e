import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { finalAnswer } from './final-answer.js';
import type { FinalFacts } from './final-answer.js';

const answered = (
  status: number,
  code: string | null = null,
  retryAfterMs: number | null = null,
): AttemptOutcome => ({
  kind: 'answered',
  status,
  code,
  message: null,
  retryAfterMs,
  rateLimit: null,
});
const NOW = { waitMs: 0, paused: false };
const busy = NOW;
const inSeconds = (s: number, paused = true) => ({ waitMs: s * 1_000, paused });
const tried = (...outcomes: AttemptOutcome[]): { resourceId: string; outcome: AttemptOutcome }[] =>
  outcomes.map((outcome, i) => ({ resourceId: `openai-${i + 1}`, outcome }));

function heard(outcomes: AttemptOutcome[], facts: Partial<FinalFacts> = {}): Record<string, unknown> {
  const answer = finalAnswer(tried(...outcomes), {
    others: null,
    generates: true,
    ...facts,
  });
  return answer.kind === 'pass'
    ? { pass: true, retryAfter: answer.retryAfterSeconds }
    : { code: answer.error.code, status: answer.error.status, ...answer.error.toHeaders() };
}

describe('what the client hears when nobody could serve', () => {
  it('never hears a verdict on one of our keys', () => {
    for (const outcome of [answered(401), answered(403), answered(429, 'insufficient_quota')]) {
      expect(heard([outcome, outcome])).toEqual({
        code: 'upstream_auth_failed',
        status: 502,
        'x-should-retry': 'false',
      });
    }
  });

  it('is told to come back when keys were refused and others are left untried', () => {
    expect(heard([answered(401), answered(401), answered(401)], { others: NOW })).toEqual({
      code: 'no_available_resources',
      status: 503,
      'x-should-retry': 'true',
      'retry-after': '1',
    });
  });

  it.each([
    ['401', answered(401)],
    ['403', answered(403)],
    ['quota', answered(429, 'insufficient_quota')],
    ['billing not active', answered(429, 'billing_not_active')],
    ['404 for the model', answered(404, 'model_not_found')],
    ['403 for the model', answered(403, 'model_not_found')],
  ])('comes back after %s while another key is busy, ejected or paused', (_, outcome) => {
    const busyAnswer = { code: 'no_available_resources', status: 503, 'x-should-retry': 'true' };
    expect(heard([outcome], { others: busy })).toEqual({ ...busyAnswer, 'retry-after': '1' });
    expect(heard([outcome], { others: inSeconds(30, false) })).toEqual({
      ...busyAnswer,
      'retry-after': '30',
    });
    const pausedAnswer = { code: 'upstream_rate_limited', status: 429, 'x-should-retry': 'true' };
    expect(heard([outcome], { others: inSeconds(7) })).toEqual({ ...pausedAnswer, 'retry-after': '7' });
    expect(heard([outcome, outcome, outcome], { others: inSeconds(300) })).toEqual({
      ...pausedAnswer,
      'x-should-retry': 'false',
      'retry-after': '60',
    });
    expect(heard([answered(429, null, 9_000), outcome])).toEqual({ ...pausedAnswer, 'retry-after': '9' });
  });

  it('hears that a model is unknown when every key has said so', () => {
    for (const status of [403, 404])
      expect(heard([answered(401), answered(status, 'model_not_found')])).toEqual({
        pass: true,
        retryAfter: null,
      });
  });

  it('gets the upstream 429 with the shortest wait of all limited keys', () => {
    expect(heard([answered(429, null, 30_000), answered(429, null, 5_000)])).toEqual({
      pass: true,
      retryAfter: 5,
    });
  });

  it('comes back at once when a key was never asked, and in time for the first that is due', () => {
    const limited = [answered(429, null, 45_000), answered(429, null, 50_000)];
    expect(heard(limited, { others: NOW })).toEqual({ pass: true, retryAfter: 1 });
    expect(heard(limited, { others: inSeconds(5) })).toEqual({ pass: true, retryAfter: 5 });
  });

  it('hears the upstream 403 on a request that makes nothing, when every key gets it', () => {
    expect(heard([answered(403), answered(403)], { generates: false })).toEqual({
      pass: true,
      retryAfter: null,
    });
    expect(heard([answered(403), answered(401)], { generates: false })).toMatchObject({
      code: 'upstream_auth_failed',
    });
  });

  it('is never told an hour by a 503 either', () => {
    expect(heard([answered(503, null, 3_600_000)])).toEqual({ pass: true, retryAfter: 60 });
    expect(heard([answered(503, null, 3_000)])).toEqual({ pass: true, retryAfter: 3 });
  });

  it('is always told when to come back by a 503, and at once while a key was never asked', () => {
    expect(heard([answered(503)])).toEqual({ pass: true, retryAfter: 5 });
    expect(heard([answered(503)], { others: inSeconds(9) })).toEqual({ pass: true, retryAfter: 9 });
    expect(heard([answered(503, null, 9_000)], { others: NOW })).toEqual({ pass: true, retryAfter: 1 });
  });

  it.each(['server_is_overloaded', 'slow_down'])('never hears %s, which ends a turn', (code) => {
    expect(heard([answered(503, code, 3_000)])).toEqual({
      code: 'no_available_resources',
      status: 503,
      'x-should-retry': 'true',
      'retry-after': '3',
    });
  });

  it('never hears a 429 without a time to come back at', () => {
    for (const code of [null, 'rate_limit_exceeded', 'slow_down'])
      expect(heard([answered(429, code)])).toEqual({ pass: true, retryAfter: 20 });
  });

  it('is never told to wait for more than a minute, nor less than a second', () => {
    expect(heard([answered(429, null, 600_000)])).toEqual({ pass: true, retryAfter: 60 });
    expect(heard([answered(429, null, 0)])).toEqual({ pass: true, retryAfter: 1 });
  });

  it('waits for the limited key when another was refused for good', () => {
    expect(heard([answered(429, null, 7_000), answered(401)])).toEqual({
      code: 'upstream_rate_limited',
      status: 429,
      'x-should-retry': 'true',
      'retry-after': '7',
    });
  });

  it('gets every other upstream error as it was', () => {
    for (const status of [400, 404, 409, 422, 500, 502, 504]) {
      expect(heard([answered(status)])).toEqual({ pass: true, retryAfter: null });
    }
    expect(heard([answered(403, 'model_not_found')])).toEqual({ pass: true, retryAfter: null });
  });

  it('never sees a redirect', () => {
    expect(heard([answered(307)])).toMatchObject({ code: 'unexpected_redirect', status: 502 });
  });

  it.each([
    [{ kind: 'unsent', cause: 'refused', message: 'x' }, 'upstream_unreachable', 502],
    [{ kind: 'unsent', cause: 'connect_timeout', message: 'x' }, 'upstream_connect_timeout', 504],
    [{ kind: 'unsent', cause: 'queue_timeout', message: 'x' }, 'upstream_total_timeout', 504],
    [{ kind: 'unsent', cause: 'total_timeout', message: 'x' }, 'upstream_total_timeout', 504],
    [{ kind: 'lost', cause: 'reset', message: 'x' }, 'upstream_connection_lost', 502],
    [{ kind: 'lost', cause: 'garbage', message: 'x' }, 'bad_upstream_response', 502],
    [{ kind: 'lost', cause: 'first_byte_timeout', message: 'x' }, 'upstream_first_byte_timeout', 504],
    [{ kind: 'lost', cause: 'idle_timeout', message: 'x' }, 'upstream_idle_timeout', 504],
    [{ kind: 'lost', cause: 'total_timeout', message: 'x' }, 'upstream_total_timeout', 504],
    [{ kind: 'neutral', cause: 'shutdown' }, 'server_shutdown', 503],
    [{ kind: 'neutral', cause: 'unauthorized' }, 'unauthorized', 401],
  ] satisfies [AttemptOutcome, string, number][])('names what happened: %o', (outcome, code, status) => {
    expect(heard([outcome])).toMatchObject({ code, status });
  });

  it.each([
    [{ kind: 'unsent', cause: 'connect_timeout', message: 'LIMIT' }, 'upstream_connect_timeout'],
    [{ kind: 'lost', cause: 'first_byte_timeout', message: 'LIMIT' }, 'upstream_first_byte_timeout'],
  ] satisfies [AttemptOutcome, string][])(
    'names the limit of a handshake by its own name: %o',
    (outcome, code) => {
      const text = (handshake: boolean): string => {
        const answer = finalAnswer(tried(outcome), { others: null, generates: true, handshake });
        return answer.kind === 'own' ? `${answer.error.code} ${answer.error.message}` : 'passed';
      };
      expect(text(true)).toMatch(new RegExp(`^${code} .*LIMIT`));
      expect(text(true)).not.toContain('PROXY_');
      expect(text(false)).toMatch(/PROXY_(CONNECT|FIRST_BYTE)_TIMEOUT_SECONDS/);
    },
  );
});
