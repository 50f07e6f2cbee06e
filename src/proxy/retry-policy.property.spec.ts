import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { retryText } from '../usage/retry-reason.js';
import { decideRetry, reasonAtEnd, type RetryInput } from './retry-policy.js';

const message = fc.constant('');
const outcome: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  fc.record({
    kind: fc.constant('answered' as const),
    status: fc.oneof(
      fc.integer({ min: 300, max: 599 }),
      fc.constantFrom(401, 403, 404, 429, 500, 502, 503, 504),
    ),
    code: fc.constantFrom(null, 'insufficient_quota', 'model_not_found', 'rate_limit_exceeded'),
    message: fc.constant(null),
    retryAfterMs: fc.constant(null),
    rateLimit: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('unsent' as const),
    cause: fc.constantFrom('dns', 'refused', 'connect_timeout', 'tls', 'write', 'pool'),
    message,
  }),
  fc.record({
    kind: fc.constant('lost' as const),
    cause: fc.constantFrom('reset', 'eof', 'first_byte_timeout', 'idle_timeout', 'total_timeout', 'garbage'),
    message,
  }),
  fc.record({ kind: fc.constant('cut' as const), cause: fc.constantFrom('reset', 'no_terminal'), message }),
  fc.record({
    kind: fc.constant('failed_in_stream' as const),
    code: fc.constant(null),
    message: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('neutral' as const),
    cause: fc.constantFrom('client_aborted', 'shutdown', 'unauthorized', 'internal'),
  }),
  fc.record({ kind: fc.constant('served' as const), status: fc.constant(200), rateLimit: fc.constant(null) }),
);
const maybeId = fc.constantFrom(null, 'id');
const input: fc.Arbitrary<RetryInput> = fc.record({
  outcome,
  attempt: fc.integer({ min: 1, max: 5 }),
  maxAttempts: fc.integer({ min: 1, max: 9 }),
  committed: fc.boolean(),
  idempotent: fc.boolean(),
  method: fc.constantFrom('GET', 'POST', 'DELETE'),
  hints: fc.record({
    background: fc.boolean(),
    conversationId: maybeId,
    hasSideEffects: fc.boolean(),
    pathResponseId: maybeId,
  }),
  retry5xx: fc.boolean(),
  candidatesLeft: fc.boolean(),
  retried5xx: fc.boolean(),
  budgetLeft: fc.boolean(),
  ownerUnknown: fc.boolean(),
});

describe('decideRetry, whatever is asked', () => {
  it('sends nothing again that the client has begun to hear, that may have run, or for the fourth time', () => {
    fc.assert(
      fc.property(input, (asked) => {
        const { retry, class: klass, reason } = decideRetry(asked);
        expect(retryText(reason)).not.toBeNull();
        expect(retryText(reasonAtEnd(asked.outcome))).not.toBeNull();
        if (!retry) return;
        expect(asked.committed || asked.attempt >= 3 || !asked.candidatesLeft).toBe(false);
        expect(['A', 'B', 'C1', 'C2', 'E']).toContain(klass);
        if (klass === 'C2' || klass === 'E') expect(asked.idempotent).toBe(true);
        if (klass === 'C1' || klass === 'C2') expect(asked.budgetLeft).toBe(true);
        if (klass !== 'C1') return;
        expect(asked.retry5xx && asked.retried5xx !== true).toBe(true);
        const { background, conversationId, hasSideEffects, pathResponseId } = asked.hints;
        const harmless = !background && conversationId === null && !hasSideEffects && pathResponseId === null;
        expect(asked.idempotent || (harmless && asked.method === 'POST')).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('sends what was refused, or never sent, elsewhere while somebody is left to ask', () => {
    fc.assert(
      fc.property(input, (asked) => {
        const { retry, class: klass } = decideRetry(asked);
        if (klass !== 'A' && klass !== 'B') return;
        const most = Math.min(asked.maxAttempts, 3);
        expect(retry).toBe(asked.attempt < most && asked.candidatesLeft);
      }),
      { numRuns: 2_000 },
    );
  });
});
