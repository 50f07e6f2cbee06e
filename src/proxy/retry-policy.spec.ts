import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { RetryBudget } from './retry-budget.js';
import { decideRetry, type RetryInput } from './retry-policy.js';

const answered = (status: number, code: string | null = null): AttemptOutcome => ({
  kind: 'answered',
  status,
  code,
  message: null,
  retryAfterMs: null,
  rateLimit: null,
});
const unsent: AttemptOutcome = { kind: 'unsent', cause: 'refused', message: '' };
const lost: AttemptOutcome = { kind: 'lost', cause: 'reset', message: '' };
const failed: AttemptOutcome = { kind: 'failed_in_stream', code: null, message: null };

const PLAIN = { background: false, conversationId: null, hasSideEffects: false, pathResponseId: null };

function decide(outcome: AttemptOutcome, over: Partial<RetryInput> = {}): string {
  const decision = decideRetry({
    outcome,
    attempt: 1,
    maxAttempts: 3,
    committed: false,
    idempotent: false,
    method: 'POST',
    hints: PLAIN,
    retry5xx: true,
    candidatesLeft: true,
    ...over,
  });
  return `${decision.retry ? 'retry' : 'stop'} ${decision.class} ${decision.reason}`;
}

const GET: Partial<RetryInput> = {
  method: 'GET',
  idempotent: true,
  hints: { ...PLAIN, pathResponseId: 'resp_1' },
};
const DELETE: Partial<RetryInput> = { method: 'DELETE', hints: { ...PLAIN, pathResponseId: 'resp_1' } };
const CANCEL: Partial<RetryInput> = { hints: { ...PLAIN, pathResponseId: 'resp_1' } };

describe('decideRetry', () => {
  it.each<[string, AttemptOutcome, Partial<RetryInput>, string]>([
    ['A', unsent, {}, 'retry A not_processed'],
    ['A background', unsent, { hints: { ...PLAIN, background: true } }, 'retry A not_processed'],
    ['A conversation', unsent, { hints: { ...PLAIN, conversationId: 'c' } }, 'retry A not_processed'],
    ['A delete', unsent, DELETE, 'retry A not_processed'],
    ['B 401', answered(401), {}, 'retry B refused_by_upstream'],
    ['B 403', answered(403), {}, 'retry B refused_by_upstream'],
    ['B 429', answered(429, 'rate_limit_exceeded'), {}, 'retry B refused_by_upstream'],
    ['B quota', answered(429, 'insufficient_quota'), {}, 'retry B refused_by_upstream'],
    ['B 503', answered(503), {}, 'retry B refused_by_upstream'],
    ['B model', answered(404, 'model_not_found'), {}, 'retry B refused_by_upstream'],
    ['B background', answered(429), { hints: { ...PLAIN, background: true } }, 'retry B refused_by_upstream'],
    ['B cancel', answered(429), CANCEL, 'retry B refused_by_upstream'],
    ['B delete', answered(401), DELETE, 'retry B refused_by_upstream'],
    ['B 503 switch off', answered(503), { retry5xx: false }, 'retry B refused_by_upstream'],
    ['C1 500', answered(500), {}, 'retry C1 server_error_retry'],
    ['C1 502', answered(502), {}, 'retry C1 server_error_retry'],
    ['C1 504', answered(504), {}, 'retry C1 server_error_retry'],
    ['C1 switch off', answered(500), { retry5xx: false }, 'stop C1 retry_5xx_off'],
    ['C1 twice', answered(500), { attempt: 2 }, 'stop C1 server_error_retried_once'],
    ['C1 after A', answered(500), { attempt: 2, retried5xx: false }, 'retry C1 server_error_retry'],
    ['C1 after C1', answered(500), { attempt: 2, retried5xx: true }, 'stop C1 server_error_retried_once'],
    ['C1 background', answered(500), { hints: { ...PLAIN, background: true } }, 'stop C1 background'],
    ['C1 conversation', answered(500), { hints: { ...PLAIN, conversationId: 'c' } }, 'stop C1 conversation'],
    ['C1 mcp', answered(500), { hints: { ...PLAIN, hasSideEffects: true } }, 'stop C1 side_effects'],
    ['C1 budget', answered(500), { budgetLeft: false }, 'stop C1 retry_budget_spent'],
    ['C1 get', answered(500), GET, 'retry C1 idempotent'],
    ['C1 delete', answered(500), DELETE, 'stop C1 acts_on_stored_object'],
    ['C1 cancel', answered(500), CANCEL, 'stop C1 acts_on_stored_object'],
    ['C2', lost, {}, 'stop C2 may_have_been_processed'],
    ['C2 get', lost, GET, 'retry C2 idempotent'],
    ['C2 delete', lost, DELETE, 'stop C2 may_have_been_processed'],
    ['D committed', answered(500), { committed: true }, 'stop D committed'],
    ['D committed A', unsent, { committed: true }, 'stop D committed'],
    ['D committed get', lost, { ...GET, committed: true }, 'stop D committed'],
    ['D cut', { kind: 'cut', cause: 'reset', message: '' }, {}, 'stop D committed'],
    ['D in stream', failed, {}, 'stop D committed'],
    ['E 400', answered(400), {}, 'stop E request_at_fault'],
    ['E 404', answered(404), {}, 'stop E request_at_fault'],
    ['E 404 get', answered(404), GET, 'stop E request_at_fault'],
    ['E 409', answered(409), {}, 'stop E request_at_fault'],
    ['E 422', answered(422), {}, 'stop E request_at_fault'],
    ['client left', { kind: 'neutral', cause: 'client_aborted' }, {}, 'stop neutral client_aborted'],
    ['ok', { kind: 'served', status: 200, rateLimit: null }, { committed: true }, 'stop ok served'],
    ['third attempt', unsent, { attempt: 3 }, 'stop A attempts_exhausted'],
    ['second of two', unsent, { attempt: 2, maxAttempts: 2 }, 'stop A attempts_exhausted'],
    ['more configured than allowed', unsent, { attempt: 3, maxAttempts: 9 }, 'stop A attempts_exhausted'],
    ['nobody left', answered(401), { candidatesLeft: false }, 'stop B no_candidate_left'],
  ])('%s', (_name, outcome, over, expected) => {
    expect(decide(outcome, over)).toBe(expected);
  });
});

describe('RetryBudget', () => {
  it('keeps arrivals within 1.2 times the requests when everything fails', () => {
    const budget = new RetryBudget();
    let arrivals = 0;
    for (let i = 0; i < 1_000; i++) {
      budget.earn();
      arrivals++;
      if (decide(answered(500), { budgetLeft: budget.left }).startsWith('retry')) {
        budget.spend();
        arrivals++;
      }
    }
    expect(arrivals).toBeGreaterThan(1_100);
    expect(arrivals).toBeLessThanOrEqual(1_200);
  });
});
