import { describe, expect, it } from 'vitest';
import { awayReason } from './away-reason.js';
import { bounded } from './bounded.js';
import { Breaker } from './breaker.js';
import { serverWarnings } from './server-warnings.js';

describe('what Redis is found to be', () => {
  it.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', /WRONGPASS/],
    ['ERR invalid password', /WRONGPASS/],
    ['NOAUTH HELLO must be called with the client already authenticated', /NOAUTH/],
    ['ERR Error running script: -READONLY You can not write', /READONLY/],
    ['LOADING Redis is loading the dataset in memory', /LOADING/],
    ['Socket timeout. Expecting data', /in time/],
    ['something with hunter2 in it', /^it answers with an error$/],
  ])('%s', (message, expected) => {
    expect(awayReason(new Error(message))).toMatch(expected);
  });

  it('is named by code when there is no connection', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED user:pw@host'), { code: 'ECONNREFUSED' });
    expect(awayReason(error)).toBe('it refuses the connection (ECONNREFUSED)');
  });

  it('is bounded in time', async () => {
    await expect(bounded(new Promise(() => undefined), 5)).rejects.toThrow('no answer within 5 ms');
    expect(await bounded(Promise.resolve(1), 5)).toBe(1);
  });

  it('warns of an eviction policy that drops jobs, and of servers too old', () => {
    const info = 'redis_version:5.0.1\r\nmaxmemory_policy:allkeys-lru\r\ncluster_enabled:0\r\n';
    expect(serverWarnings(info).join()).toMatch(/allkeys-lru.*5\.0\.1/);
    expect(serverWarnings('redis_version:7.0.15\r\nmaxmemory_policy:noeviction')).toEqual([]);
  });
});

describe('the breaker', () => {
  it('opens at the first failure and lets one try after each window, which grows', () => {
    const breaker = new Breaker();
    expect([breaker.mayTry(0), breaker.open]).toEqual([true, false]);
    breaker.trip(100_000);
    expect([breaker.mayTry(100_499), breaker.mayTry(100_500)]).toEqual([false, true]);
    breaker.trip(100_500);
    expect([breaker.mayTry(101_499), breaker.mayTry(101_500)]).toEqual([false, true]);
    for (let n = 0; n < 9; n += 1) breaker.trip(102_000);
    expect([breaker.mayTry(103_999), breaker.mayTry(104_000)]).toEqual([false, true]);
  });

  it('forgets what was when it has been well for a while', () => {
    const breaker = new Breaker();
    breaker.trip(100_000);
    breaker.trip(100_500);
    breaker.pass(102_000);
    breaker.trip(103_000);
    expect(breaker.mayTry(104_000)).toBe(false);
    breaker.pass(106_000);
    breaker.trip(200_000);
    expect(breaker.mayTry(200_500)).toBe(true);
  });
});
