import { describe, expect, it, vi } from 'vitest';
import { ProxyError } from '../../common/errors.js';
import { keyWorld as world, MONDAY, pricesOf, told, unnamed } from '../../../test/support/key-world.js';
import { aClientKey } from '../../../test/support/registry-rows.js';
import { KeyLimits } from './key-limits.js';
import type { Amount } from './limit-decision.js';

describe('the money of a key', () => {
  it('count the money of an answer left whose request named no model by the model that served it', () => {
    const { reserve, settle } = unnamed(10_000);
    settle(reserve(), { untold: true });
    settle(reserve(), { untold: true, servedModel: 'gpt-5' });
    expect(reserve).toThrow(/budget of your client key is used up: \$0\.010250/);
  });

  it('set money aside for a request that names no model: at first too much, then as its like have cost', () => {
    const { reserve, settle } = unnamed(1_000_000);
    const open = [reserve(), reserve()];
    expect(open[0]).toEqual({ tokens: 1_025, cost: 615_000 });
    expect(reserve).toThrow(/may need the rest/);
    for (const hold of open) settle(hold, { usage: told(40, 60), cost: 1_000, servedModel: 'gpt-5' });
    expect(reserve()).toEqual({ tokens: 100, cost: 1_000 });
    // Of one that was left before it said its model, the same counts.
    settle(reserve(), { untold: true });
    expect(reserve()).toEqual({ tokens: 100, cost: 1_000 });
  });

  it('learn what a request costs that names no model from its own end, not from whoever reads a background response', () => {
    const { reserve, settle } = unnamed(9_000_000);
    const hold = reserve();
    expect(hold).toEqual({ tokens: 1_025, cost: 615_000 });
    settle(hold, { untold: true, backgroundId: 'resp_1' });
    settle(null, { usage: told(25, 1_000), cost: 10, servedModel: 'gpt-5', backgroundId: 'resp_1' });
    expect(reserve()).toEqual(hold);
  });

  it('look up no price without a budget of it, nor for what is over a limit a minute, and note the use of what is refused', () => {
    const prices = { atLeast: vi.fn(), likelyCostOf: vi.fn(() => 1), mostOf: vi.fn(() => 1) };
    const limited = (terms: Parameters<typeof aClientKey>[0]) => {
      const key = aClientKey(terms);
      const clock = { now: () => MONDAY, monotonic: () => 500 };
      const limits = new KeyLimits(clock, prices, {
        termsOf: () => key,
        minuteElsewhere: () => [0, 0],
        spentElsewhere: () => [],
        processes: () => 1,
        onTold: () => undefined,
      });
      return { limits, reserve: () => limits.reserve({ key, spends: true, model: 'any', inputTokens: 9 }) };
    };
    expect(limited({ dailyTokens: 5_000 }).reserve()).toEqual({ tokens: 1_009, cost: 0 });
    expect([prices.likelyCostOf.mock.calls, prices.mostOf.mock.calls]).toEqual([[], []]);
    const once = limited({ dailyCost: 5_000_000, requestsPerMinute: 1 });
    once.reserve();
    expect([prices.likelyCostOf.mock.calls.length, prices.mostOf.mock.calls.length]).toEqual([1, 1]);
    expect(once.reserve).toThrow(/requests/);
    expect(prices.likelyCostOf).toHaveBeenCalledTimes(1);
    prices.likelyCostOf.mockReturnValue(null as never);
    const unpriced = limited({ dailyCost: 5_000_000 });
    expect(unpriced.reserve).toThrow(/costs/);
    expect(unpriced.limits.usedSince(0)).toEqual([['key_1', MONDAY]]);
  });

  it('count what has no known price, once it has run, at the price of what was set aside: never nothing', () => {
    const { ask, end } = world({ dailyCost: 1_000_000 });
    end(ask(), told(400, 300), { cost: null, servedModel: 'gpt-99' });
    end(ask(), told(200, 100), { cost: null, servedModel: 'gpt-99' });
    expect(ask()).toBe('budget_exceeded');
    const { reserve, settle } = unnamed(1_000_000);
    settle(reserve(), { usage: told(1_000, 1_000), servedModel: 'gpt-99' });
    expect(reserve).toThrow(/is used up: \$1.20/);
    const left = unnamed(1_000_000);
    for (let n = 0; n < 2; n += 1) left.settle(left.reserve(), { untold: true, answerBytes: 1 });
    expect(left.reserve).toThrow(/is used up: \$1.23/);
  });

  it('leave a background answer that is read, and has no known price, at the money that was set aside for it', () => {
    const { ask, end } = world({ dailyCost: 2_000_000 });
    for (const backgroundId of ['resp_1', 'resp_2']) {
      end(ask(), null, { untold: true, backgroundId });
      end(null, told(500, 525), { cost: null, backgroundId, asked: null, servedModel: 'gpt-99' });
    }
    expect(ask()).toBe('budget_exceeded');
    const elsewhere = world({ dailyCost: 2_000_000 });
    elsewhere.end(null, told(2_000, 2_000), { cost: null, backgroundId: 'resp_3', asked: null });
    expect(elsewhere.ask()).toBe('budget_exceeded');
  });

  it('count an answer of a tier without a list price by the list price at least', () => {
    const { ask, end } = world({ dailyCost: 2_000_000 });
    const answer = { cost: null, servedModel: 'gpt-5', tier: 'flex' };
    end(ask(), told(400, 500), answer);
    end(ask(), told(400, 500), answer);
    expect(typeof ask(25)).toBe('object');
    const used = world({ dailyCost: 1_800_000 });
    used.end(used.ask(), told(400, 500), answer);
    used.end(used.ask(), told(400, 500), answer);
    expect(used.ask()).toBe('budget_exceeded');
  });

  it('tell the other processes of money that the record of a request does not', () => {
    const { limits, key, ask, clock } = world({ dailyCost: 9_000_000 });
    const spent = { usage: told(500, 525), cost: null, untold: false, answerBytes: 9, backgroundId: null };
    const model = { asked: 'gpt-5', servedModel: 'gpt-99', resourceId: null, tier: null };
    const settled = limits.settle(key, ask() as Amount, { ...spent, ...model }, clock.at);
    expect(settled).toEqual({ tokens: 0, cost: 1_025_000 });
    const cheap = world({ dailyTokens: 9_000_000 });
    const none = cheap.limits.settle(cheap.key, cheap.ask() as Amount, { ...spent, ...model }, clock.at);
    expect(none).toBeNull();
  });

  it('refuse a model that nobody knows the price of, by a budget of money only, and count nothing', () => {
    const { limits, key, ask } = world({ monthlyCost: 5_000_000, requestsPerMinute: 1 });
    const request = { key, spends: true, model: 'gpt-99', inputTokens: 9 };
    expect(() => limits.reserve(request)).toThrow(/what the model "gpt-99" costs.*`prices`.*keys\/key_1/s);
    expect(() => limits.ask(request, null)).toThrow(ProxyError);
    // What only reads costs nothing, whatever it names; what runs already is set aside at the dearest price.
    expect(limits.take({ ...request, spends: false }, true)).toBeNull();
    expect(limits.take(request, true)).toEqual({ tokens: 1_009, cost: 605_400 });
    limits.giveBack(key, { tokens: 1_009, cost: 605_400 });
    expect(typeof ask()).toBe('object');
    const tokens = world({ monthlyTokens: 5_000_000 });
    expect(tokens.limits.reserve({ ...request, key: tokens.key })).toEqual({ tokens: 1_009, cost: 0 });
  });

  it('set aside what the dearest fallback of an alias costs, and count what has served', () => {
    const key = aClientKey({ dailyCost: 10_000_000 });
    const clock = { now: () => MONDAY, monotonic: () => 500 };
    const prices = pricesOf({ team: 100, dear: 1_000 }, { team: 1_000 });
    const limits = new KeyLimits(clock, prices, {
      termsOf: () => key,
      minuteElsewhere: () => [0, 0],
      spentElsewhere: () => [],
      processes: () => 1,
      onTold: () => undefined,
    });
    const request = { key, spends: true, model: 'team', inputTokens: 25 };
    const hold = limits.reserve(request);
    expect(hold).toEqual({ tokens: 1_025, cost: 1_025_000 });
    const left = { usage: null, cost: null, untold: true, answerBytes: 9, backgroundId: null };
    const settled = (asked: string): Amount | null =>
      limits.settle(
        key,
        limits.reserve(request),
        { ...left, asked, servedModel: null, resourceId: null, tier: null },
        0,
      );
    expect(settled('team')).toEqual({ tokens: 1_025, cost: 102_500 });
    expect(settled('dear')).toEqual({ tokens: 1_025, cost: 1_025_000 });
  });
});
