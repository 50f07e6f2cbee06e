import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { finalAnswer } from './final-answer.js';

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
const tried = (...outcomes: AttemptOutcome[]): { resourceId: string; outcome: AttemptOutcome }[] =>
  outcomes.map((outcome, i) => ({ resourceId: `openai-${i + 1}`, outcome }));

function heard(outcomes: AttemptOutcome[], untried = false): Record<string, unknown> {
  const answer = finalAnswer(tried(...outcomes), untried);
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
    expect(heard([answered(401), answered(401), answered(401)], true)).toEqual({
      code: 'no_available_resources',
      status: 503,
      'x-should-retry': 'true',
      'retry-after': '1',
    });
  });

  it('gets the upstream 429 with the shortest wait of all limited keys', () => {
    expect(heard([answered(429, null, 30_000), answered(429, null, 5_000)])).toEqual({
      pass: true,
      retryAfter: 5,
    });
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
    for (const status of [400, 404, 409, 422, 500, 503]) {
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
    [{ kind: 'lost', cause: 'reset', message: 'x' }, 'upstream_connection_lost', 502],
    [{ kind: 'lost', cause: 'garbage', message: 'x' }, 'bad_upstream_response', 502],
    [{ kind: 'lost', cause: 'first_byte_timeout', message: 'x' }, 'upstream_first_byte_timeout', 504],
    [{ kind: 'lost', cause: 'total_timeout', message: 'x' }, 'upstream_total_timeout', 504],
    [{ kind: 'neutral', cause: 'shutdown' }, 'server_shutdown', 503],
  ] satisfies [AttemptOutcome, string, number][])('names what happened: %o', (outcome, code, status) => {
    expect(heard([outcome])).toMatchObject({ code, status });
  });
});
