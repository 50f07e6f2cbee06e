import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { RateLimitFacts } from '../upstream/attempt-outcome.js';
import { isExhausted, isTooFew, NOTHING_KNOWN, rateLimitOf, remainingAt } from './rate-limit.js';
import { RateLimits } from './rate-limits.js';

function facts(patch: Partial<RateLimitFacts> = {}): RateLimitFacts {
  return {
    limitRequests: null,
    remainingRequests: null,
    resetRequestsMs: null,
    limitTokens: null,
    remainingTokens: null,
    resetTokensMs: null,
    ...patch,
  };
}
const requests = (remainingRequests: number, resetRequestsMs = 1_000): RateLimitFacts =>
  facts({ remainingRequests, resetRequestsMs });

describe('what is left of a limit', () => {
  const known = fc.record({
    remaining: fc.nat({ max: 1_000 }),
    reset: fc.integer({ min: 1, max: 2_000_000 }),
    unanswered: fc.nat({ max: 1_200 }),
    now: fc.nat({ max: 2_000_000_000 }),
    later: fc.nat({ max: 3_000_000 }),
  });

  it('is what was said less what was sent since, never below 0, and nothing from the reset on', () => {
    fc.assert(
      fc.property(known, ({ remaining, reset, unanswered, now, later }) => {
        const limit = rateLimitOf(requests(remaining, reset), now);
        if (limit === null) throw new Error('expected a limit');
        const left = remainingAt(limit, { requests: unanswered, tokens: 0 }, now + later);
        const holds = later < Math.min(reset, 600_000);
        expect(left.requests).toBe(holds ? Math.max(0, remaining - unanswered) : null);
        expect(left.tokens).toBeNull();
        expect(isExhausted(left.requests, left.tokens)).toBe(holds && unanswered >= remaining);
        const tokens = rateLimitOf(facts({ remainingTokens: remaining, resetTokensMs: reset }), now);
        if (tokens === null) throw new Error('expected a limit');
        const few = remainingAt(tokens, { requests: 1, tokens: unanswered }, now + later);
        expect(few.tokens).toBe(holds ? Math.max(0, remaining - unanswered) : null);
        expect(isTooFew(few.tokens, 100)).toBe(holds && remaining - unanswered < 100);
      }),
    );
  });

  it.each([
    ['nothing', facts()],
    ['a count without a reset', facts({ remainingRequests: 0 })],
    ['a reset without a count', facts({ resetRequestsMs: 1_000 })],
    ['a reset that is now', requests(0, 0)],
    ['limits alone', facts({ limitRequests: 10, limitTokens: 10 })],
  ])('is not known from %s', (_, said) => {
    expect(rateLimitOf(said, 0)).toBeNull();
  });
});

describe('the memory of limits', () => {
  it('is bounded, and the oldest word goes first', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 100 }), (models) => {
        const limits = new RateLimits(8);
        for (const model of models) limits.learn('f', `m${model}`, requests(model), 0);
        const kept = [...new Set(models.toReversed())].slice(0, 8);
        expect(limits.size).toBe(kept.length);
        for (const model of kept) expect(limits.remaining('f', `m${model}`, 1).requests).toBe(model);
      }),
    );
  });

  it('counts requests whose answer has not begun, each once', () => {
    const limits = new RateLimits();
    limits.learn('f', 'm', requests(3), 0);
    const answered = limits.sent('f', 'm', 0);
    limits.sent('f', 'm', 0);
    expect(limits.remaining('f', 'm', 1).requests).toBe(1);
    answered();
    answered();
    expect(limits.remaining('f', 'm', 1).requests).toBe(2);
    expect(limits.remaining('f', 'other', 1)).toEqual(NOTHING_KNOWN);
    expect(limits.remaining('other', 'm', 1)).toEqual(NOTHING_KNOWN);
    expect(limits.remaining('f', null, 1)).toEqual(NOTHING_KNOWN);
  });

  it('counts what those may take, too', () => {
    const limits = new RateLimits();
    limits.learn('f', 'm', facts({ remainingTokens: 1_000, resetTokensMs: 1_000 }), 0);
    const answered = limits.sent('f', 'm', 600);
    const other = limits.sent('f', 'm', 300);
    expect(limits.remaining('f', 'm', 1).tokens).toBe(100);
    answered();
    expect(limits.remaining('f', 'm', 1).tokens).toBe(700);
    other();
    expect(limits.remaining('f', 'm', 1).tokens).toBe(1_000);
  });

  it('keeps the latest word, whichever is heard last', () => {
    const limits = new RateLimits();
    limits.learn('f', 'm', requests(3), 10);
    limits.learn('f', 'm', requests(9), 5);
    expect(limits.remaining('f', 'm', 11).requests).toBe(3);
    limits.learn('f', 'm', requests(2), 10);
    expect(limits.remaining('f', 'm', 11).requests).toBe(2);
  });

  it('forgets at the reset', () => {
    const limits = new RateLimits();
    limits.learn('f', 'm', requests(0, 500), 100);
    expect(limits.remaining('f', 'm', 599).requests).toBe(0);
    expect(limits.remaining('f', 'm', 600)).toEqual(NOTHING_KNOWN);
    expect(limits.size).toBe(0);
  });
});

describe('Balancer with limits', () => {
  const GPT = { model: 'gpt-5.5' };

  function exhaust(world: ReturnType<typeof routingWorld>, id: string, said = requests(0, 5_000)): void {
    const others = world.registry.snapshot.resources.map((one) => one.id).filter((other) => other !== id);
    const lease = world.acquire(GPT, others);
    expect(lease.resource.id).toBe(id);
    lease.answered(said);
    lease.release(SERVED);
  }

  it('passes over a key without requests left, for that model, until the reset', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-1');
    for (let n = 0; n < 10; n += 1) {
      const { decision } = world.acquire(GPT);
      expect(decision.resourceId).toBe('openai-2');
      expect(decision.candidates[0]).toMatchObject({
        rejected: 'rate_limit_exhausted',
        remainingRequests: 0,
        remainingTokens: null,
      });
    }
    expect(world.acquire({ model: 'gpt-5.5-mini' }).resource.id).toBe('openai-1');
    world.clock.advance(5_000);
    expect(world.acquire(GPT).decision.candidates[0]).toMatchObject({
      remainingRequests: null,
      chosen: true,
    });
  });

  it('passes over a key without tokens left, too', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-2', facts({ remainingTokens: 0, resetTokensMs: 60_000 }));
    expect(world.acquire(GPT).decision.candidates[1]).toMatchObject({
      rejected: 'rate_limit_exhausted',
      remainingTokens: 0,
    });
  });

  const tokens = (remainingTokens: number): RateLimitFacts =>
    facts({ remainingTokens, resetTokensMs: 60_000 });

  it('passes over a key with fewer tokens left than the request may take, for that request alone, and says so', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-1', tokens(10));
    for (let n = 0; n < 5; n += 1) {
      const { decision } = world.acquire({ ...GPT, inputTokens: 50_000 });
      expect(decision.resourceId).toBe('openai-2');
      expect(decision.candidates[0]).toMatchObject({ rejected: 'rate_limit_short', remainingTokens: 10 });
      expect(decision.explanation).toContain('1 left alone with less than the 50,000 tokens this may take');
    }
    expect(world.acquire({ ...GPT, inputTokens: 10 }).resource.id).toBe('openai-1');
    world.clock.advance(60_000);
    expect(world.acquire({ ...GPT, inputTokens: 50_000 }).resource.id).toBe('openai-1');
  });

  it('counts the tokens of what is on its way there', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-1', tokens(1_000));
    const at = Array.from({ length: 8 }, () => world.acquire({ ...GPT, inputTokens: 400 }).resource.id);
    expect(at.filter((id) => id === 'openai-1')).toHaveLength(2);
  });

  it('sends what is too large for every key to one that has something left', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-1', tokens(0));
    exhaust(world, 'openai-2', tokens(20_000));
    for (let n = 0; n < 3; n += 1) {
      const lease = world.acquire({ ...GPT, inputTokens: 50_000 });
      expect(lease.resource.id).toBe('openai-2');
      lease.answered(tokens(20_000));
    }
    expect(world.acquire({ ...GPT, inputTokens: 50_000 }, ['openai-2']).resource.id).toBe('openai-1');
  });

  it('sends no more than what is left, however many come at once', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-1', requests(3));
    const at = Array.from({ length: 20 }, () => world.acquire(GPT).resource.id);
    expect(at.filter((id) => id === 'openai-1')).toHaveLength(3);
  });

  it('uses them all the same when nobody else is left: what was said may be stale', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    exhaust(world, 'openai-1');
    exhaust(world, 'openai-2');
    expect(world.acquire(GPT).decision).toMatchObject({ reason: 'least_connections' });
    expect(world.acquire(GPT, ['openai-1']).resource.id).toBe('openai-2');
  });

  it('moves a session off an owner without requests left, but nothing that is bound', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    const owner = world.serve({ ...GPT, sessionId: 's' }, { responseId: 'resp_1' });
    exhaust(world, owner);
    expect(world.acquire({ ...GPT, previousResponseId: 'resp_1' }).resource.id).toBe(owner);
    const { decision } = world.acquire({ ...GPT, sessionId: 's' });
    expect(decision).toMatchObject({ affinityResult: 'moved' });
    expect(decision.resourceId).not.toBe(owner);
  });

  it('holds nothing against routes that do not run the model', () => {
    const world = routingWorld([{ key: 'a' }]);
    exhaust(world, 'openai-1');
    const { decision } = world.acquire({ routeKind: 'input_tokens', ...GPT });
    expect(decision.candidates[0]).toMatchObject({ remainingRequests: null });
  });
});
