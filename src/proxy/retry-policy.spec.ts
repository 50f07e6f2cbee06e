import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { decideRetry, type RetryInput } from './retry-policy.js';

const answered = (status: number, code: string | null = null): AttemptOutcome => ({
  kind: 'answered',
  status,
  code,
  message: null,
  retryAfterMs: null,
  rateLimit: null,
});
type Unsent = Extract<AttemptOutcome, { kind: 'unsent' }>;
type Lost = Extract<AttemptOutcome, { kind: 'lost' }>;
const notSent = (cause: Unsent['cause']): AttemptOutcome => ({ kind: 'unsent', cause, message: '' });
const lostBy = (cause: Lost['cause']): AttemptOutcome => ({ kind: 'lost', cause, message: '' });
const unsent = notSent('refused');
const lost = lostBy('reset');
const failed: AttemptOutcome = { kind: 'failed_in_stream', code: null, message: null };

const B = 'retry B refused_by_upstream';
const E = 'stop E request_at_fault';
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

/**
 * One row for each cause in the table of what may be retried. Its two HTTP/2 rows (REFUSED_STREAM, GOAWAY) have none:
 * upstreams are spoken to over HTTP/1.1 only.
 */
describe('decideRetry', () => {
  it.each<[string, AttemptOutcome, Partial<RetryInput>, string]>([
    ['A', unsent, {}, 'retry A not_processed'],
    ['A dns', notSent('dns'), {}, 'retry A not_processed'],
    ['A connect timeout', notSent('connect_timeout'), {}, 'retry A not_processed'],
    ['A tls', notSent('tls'), {}, 'retry A not_processed'],
    ['A pool queue', notSent('pool'), {}, 'retry A not_processed'],
    ['A write before the complete request', notSent('write'), {}, 'retry A not_processed'],
    ['A mcp', unsent, { hints: { ...PLAIN, hasSideEffects: true } }, 'retry A not_processed'],
    ['A get', unsent, GET, 'retry A not_processed'],
    ['A cancel', unsent, CANCEL, 'retry A not_processed'],
    ['A without a budget', unsent, { budgetLeft: false }, 'retry A not_processed'],
    ['A after a failure', unsent, { attempt: 2, retried5xx: true }, 'retry A not_processed'],
    ['A background', unsent, { hints: { ...PLAIN, background: true } }, 'retry A not_processed'],
    ['A conversation', unsent, { hints: { ...PLAIN, conversationId: 'c' } }, 'retry A not_processed'],
    ['A delete', unsent, DELETE, 'retry A not_processed'],
    ['B 401', answered(401), {}, 'retry B refused_by_upstream'],
    ['B 403', answered(403), {}, 'retry B refused_by_upstream'],
    ['B 429', answered(429, 'rate_limit_exceeded'), {}, 'retry B refused_by_upstream'],
    ['B quota', answered(429, 'insufficient_quota'), {}, 'retry B refused_by_upstream'],
    ['B 503', answered(503), {}, 'retry B refused_by_upstream'],
    ['B model', answered(404, 'model_not_found'), {}, 'retry B refused_by_upstream'],
    ['B model 403', answered(403, 'model_not_found'), {}, 'retry B refused_by_upstream'],
    ['B conversation', answered(429), { hints: { ...PLAIN, conversationId: 'c' } }, B],
    ['B mcp', answered(503), { hints: { ...PLAIN, hasSideEffects: true } }, B],
    ['B get', answered(429), GET, B],
    ['B without a budget', answered(429), { budgetLeft: false }, B],
    ['B after a failure', answered(401), { attempt: 2, retried5xx: true }, B],
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
    ['C1 of a gateway', answered(520), {}, 'retry C1 server_error_retry'],
    ['C1 get switched off', answered(500), { ...GET, retry5xx: false }, 'stop C1 retry_5xx_off'],
    ['C1 get twice', answered(500), { ...GET, retried5xx: true }, 'stop C1 server_error_retried_once'],
    ['C1 get budget', answered(500), { ...GET, budgetLeft: false }, 'stop C1 retry_budget_spent'],
    ['C1 budget', answered(500), { budgetLeft: false }, 'stop C1 retry_budget_spent'],
    ['C1 get', answered(500), GET, 'retry C1 idempotent'],
    ['C1 delete', answered(500), DELETE, 'stop C1 acts_on_stored_object'],
    ['C1 cancel', answered(500), CANCEL, 'stop C1 acts_on_stored_object'],
    ['C2', lost, {}, 'stop C2 may_have_been_processed'],
    ['C2 eof', lostBy('eof'), {}, 'stop C2 may_have_been_processed'],
    ['C2 no first byte', lostBy('first_byte_timeout'), {}, 'stop C2 may_have_been_processed'],
    ['C2 silence in the answer', lostBy('idle_timeout'), {}, 'stop C2 may_have_been_processed'],
    ['C2 total time', lostBy('total_timeout'), {}, 'stop C2 may_have_been_processed'],
    ['C2 garbage', lostBy('garbage'), {}, 'stop C2 may_have_been_processed'],
    ['C2 garbage get', lostBy('garbage'), GET, 'retry C2 idempotent'],
    ['C2 cancel', lost, CANCEL, 'stop C2 may_have_been_processed'],
    ['C2 get budget', lost, { ...GET, budgetLeft: false }, 'stop C2 retry_budget_spent'],
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
    ['E 405', answered(405), {}, 'stop E request_at_fault'],
    ['E 413', answered(413), {}, 'stop E request_at_fault'],
    ['E 415', answered(415), {}, 'stop E request_at_fault'],
    ['E 501', answered(501), {}, 'stop E request_at_fault'],
    ['E redirect', answered(307), {}, 'stop E request_at_fault'],
    ['E 404 of an unknown owner', answered(404), { ...GET, ownerUnknown: true }, 'retry E owner_unknown'],
    ['E 404 of an unknown owner, delete', answered(404), { ...DELETE, ownerUnknown: true }, E],
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
