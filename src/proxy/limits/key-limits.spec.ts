import { describe, expect, it } from 'vitest';
import { keyWorld as world, NOTHING_SPENT, told } from '../../../test/support/key-world.js';
import { aClientKey } from '../../../test/support/registry-rows.js';
import type { Amount } from './limit-decision.js';

const DAY = 86_400_000;

describe('the limits of a key over time', () => {
  it('let 64 parallel requests into a budget with room for five: the overrun stays below one request', () => {
    const { ask, end } = world({ dailyTokens: 1_000 });
    end(ask(), told(150, 50));
    const asked = Array.from({ length: 64 }, () => ask());
    const open = asked.filter((hold) => typeof hold !== 'string');
    expect(open).toHaveLength(4);
    expect(new Set(asked.filter((hold) => typeof hold === 'string'))).toEqual(new Set(['key_rate_limited']));
    for (const hold of open) end(hold, told(150, 50));
    expect(ask()).toBe('budget_exceeded');
  });

  it('set a place aside for what is asked for beside what runs, and none for what takes over from it', () => {
    const { limits, key, ask } = world({ requestsPerMinute: 3, dailyTokens: 2_900 });
    const request = { key, spends: true, model: 'gpt-5', inputTokens: 900 };
    const hold = ask();
    expect(hold).toMatchObject({ tokens: 1_025 });
    const asked = limits.ask(request, null);
    expect(asked).toMatchObject({ tokens: 1_900 });
    // What is set aside fills the budget; a response that takes over from the one that runs needs no more.
    expect(() => limits.ask(request, null)).toThrow(/tokens/);
    limits.giveBack(key, asked as Amount);
    expect(limits.ask(request, hold as Amount)).toBeNull();
    // Counted as it was asked for, however many ask at once.
    expect(() => limits.ask(request, hold as Amount)).toThrow(/requests/);
    expect(limits.take(request, true)).toMatchObject({ tokens: 1_900 });
    expect(limits.take({ ...request, spends: false })).toBeNull();
  });

  it('count what was set aside where the answer does not say what it took', () => {
    const { ask, end, clock } = world({ dailyTokens: 2_000, tokensPerMinute: 3_000 });
    end(ask(), null, { untold: true });
    const second = ask();
    expect(typeof second).toBe('object');
    end(second, null, { untold: true });
    expect(ask()).toBe('budget_exceeded');
    clock.at += DAY;
    expect(typeof ask()).toBe('object');
  });

  it('count a long answer that its client left just before its end by its length, whatever was set aside', () => {
    const tokens = world({ dailyTokens: 10_000 });
    tokens.end(tokens.ask(), null, { untold: true, answerBytes: 3_000_000 });
    expect(tokens.ask()).toBe('budget_exceeded');
    const money = world({ dailyCost: 10_000_000 });
    money.end(money.ask(), null, { untold: true, answerBytes: 3_000_000 });
    expect(money.ask()).toBe('budget_exceeded');
    const short = world({ dailyTokens: 1_100 });
    short.end(short.ask(), null, { untold: true, answerBytes: 100_000 });
    expect(typeof short.ask()).toBe('object');
  });

  it('count what a background response is told to have taken in place of what was set aside for it', () => {
    const { ask, end } = world({ dailyTokens: 1_500, dailyCost: 2_000_000 });
    const background = { untold: true, backgroundId: 'resp_1' };
    end(ask(), null, background);
    end(ask(), null, { ...background, backgroundId: 'resp_2' });
    expect(ask()).toBe('budget_exceeded');
    end(null, told(10, 10), { backgroundId: 'resp_1' });
    // Once: whoever reads it again is told nothing that counts.
    end(null, told(10, 10), { backgroundId: 'resp_1' });
    end(ask(), told(400, 70));
    expect(ask()).toBe('budget_exceeded');
  });

  it('count a background response once when another process reads it: here what was charged goes, there it is told of', () => {
    const [made, read] = [world({ dailyTokens: 1_000 }), world({ dailyTokens: 1_000 })];
    made.end(made.ask(), null, { untold: true, backgroundId: 'resp_1' });
    expect(made.ask()).toBe('budget_exceeded');
    read.end(null, told(10, 10), { backgroundId: 'resp_1' });
    expect(read.onTold.mock.calls).toEqual([[read.key.id, 'resp_1']]);
    for (const [keyId, responseId] of read.onTold.mock.calls) made.limits.refund(keyId, responseId);
    expect(typeof made.ask()).toBe('object');
    made.limits.refund('key_nobody', 'resp_1');
    expect(made.onTold).not.toHaveBeenCalled();
  });

  it('give back what was set aside for a background response that is read as failed, once', () => {
    const { ask, end } = world({ dailyTokens: 1_500 });
    end(ask(), null, { untold: true, backgroundId: 'resp_1' });
    end(ask(), null, { untold: true, backgroundId: 'resp_2' });
    expect(ask()).toBe('budget_exceeded');
    end(null, null, { backgroundId: 'resp_1' });
    end(null, null, { backgroundId: 'resp_1' });
    end(ask(), null, { untold: true });
    expect(ask()).toBe('budget_exceeded');
  });

  it('never overrun by more than one request each, however wrong the estimates are', () => {
    const { ask, end } = world({ dailyCost: 1_000_000 });
    end(ask(), told(10, 10));
    const open = Array.from({ length: 64 }, () => ask()).filter((hold) => typeof hold !== 'string');
    for (const hold of open) end(hold, told(4_000, 4_000));
    expect(open.length).toBeLessThan(64);
    expect(ask()).toBe('budget_exceeded');
  });

  it('give back what a request held, whatever became of it', () => {
    const { ask, end } = world({ dailyTokens: 1_000 });
    const first = ask();
    expect(ask()).toBe('key_rate_limited');
    end(first, null);
    expect(typeof ask()).toBe('object');
  });

  it('begin anew with the day and the month in UTC', () => {
    const { ask, end, clock } = world({ dailyTokens: 100, monthlyTokens: 250 });
    end(ask(), told(90, 30));
    expect(ask()).toBe('budget_exceeded');
    clock.at += DAY;
    end(ask(), told(90, 60));
    clock.at += DAY;
    expect(ask()).toBe('budget_exceeded');
    clock.at = Date.UTC(2026, 11, 1);
    expect(typeof ask()).toBe('object');
  });

  it('count what other processes wrote down, and what they say of their last minute', () => {
    const { ask, limits, elsewhere, clock } = world({ dailyTokens: 100, requestsPerMinute: 10 });
    const day = clock.at - (clock.at % DAY);
    limits.follow([{ caller_id: 'key_1', instance_id: '', day: day - DAY, tokens: 500, cost: 0 }]);
    expect(typeof ask()).toBe('object');
    limits.follow([{ caller_id: 'key_1', instance_id: '', day, tokens: 100, cost: 0 }]);
    expect(ask()).toBe('budget_exceeded');
    limits.follow([]);
    elsewhere[0] = 10;
    expect(ask(0, false)).toBe('key_rate_limited');
    expect(limits.minutes()).toEqual({ key_1: [1, 1_025] });
  });

  it('count what others say runs and has run there before it is written down, and tell the same of themselves', () => {
    const [here, there] = [world({ dailyTokens: 2_000 }), world({ dailyTokens: 2_000 })];
    const sync = (): void => {
      here.others.length = 0;
      for (const spent of Object.values(there.limits.spent(false)))
        here.others.push({ instanceId: 'there', spent });
    };
    const open = [there.ask(), there.ask()];
    sync();
    expect(here.ask()).toBe('key_rate_limited');
    for (const hold of open) there.end(hold, told(900, 100));
    sync();
    expect(here.ask()).toBe('budget_exceeded');
    there.clock.at += 600_000;
    expect(there.limits.spent(false)).toEqual({});
    expect(world({ requestsPerMinute: 3 }).limits.spent(false)).toEqual({});
  });

  it('tell others of a background response until it is read or its month is over, as no record does', () => {
    const { limits, ask, end, clock } = world({ monthlyTokens: 9_000 });
    end(ask(), null, { untold: true, backgroundId: 'resp_1' });
    clock.at += 600_000;
    expect(limits.spent(false)['key_1']?.slice(5)).toEqual([1_025, 1_025_000]);
    const later = clock.at;
    clock.at = Date.UTC(2026, 11, 1);
    expect(limits.spent(false)).toEqual({});
    clock.at = later;
    limits.refund('key_1', 'resp_1');
    expect(limits.spent(false)).toEqual({});
  });

  it('tell of the keys used last where there are very many', () => {
    const { limits, clock } = world({ dailyTokens: 1_000_000 });
    const ends = Array.from({ length: 300 }, (_, n) => {
      clock.at += 1;
      const key = aClientKey({ id: `key_${n}` });
      const hold = limits.reserve({ key, spends: true, model: 'gpt-5', inputTokens: 1 });
      return () => limits.settle(key, hold, NOTHING_SPENT, clock.at);
    });
    // Whichever ends last.
    for (const end of ends.reverse()) {
      clock.at += 1;
      end();
    }
    const ids = Object.keys(limits.spent(false));
    expect([ids.length, ids[0], ids.includes('key_43')]).toEqual([256, 'key_299', false]);
  });

  it('let a rate pass again after its minute, and do not count what was refused', () => {
    const { ask, clock } = world({ requestsPerMinute: 2 });
    for (let i = 0; i < 5; i += 1) ask(0, false);
    clock.at += 61_000;
    expect([ask(0, false), ask(0, false), ask(0, false)]).toEqual([null, null, 'key_rate_limited']);
  });

  it('say which keys were used', () => {
    const { ask, limits, clock } = world({});
    ask();
    expect(limits.usedSince(clock.at - 1)).toEqual([['key_1', clock.at]]);
    expect(limits.usedSince(clock.at)).toEqual([]);
  });
});
