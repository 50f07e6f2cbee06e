import { describe, expect, it } from 'vitest';
import { Secret } from '../../common/secret.js';
import { reconnectDelay, redisAddress, redisOptions } from './redis-options.js';

describe('Redis options', () => {
  it.each([
    ['redis://cache', { host: 'cache', port: 6379, db: 0 }],
    ['redis://cache:7000/3', { host: 'cache', port: 7000, db: 3 }],
    ['redis://:p%40ss@cache', { host: 'cache', password: 'p@ss' }],
    ['redis://user:pw@[::1]:1', { host: '::1', port: 1, username: 'user', password: 'pw' }],
    ['redis://:100%@cache', { password: '100%' }],
    ['unix:///run/redis/with%20blank.sock', { path: '/run/redis/with blank.sock' }],
    ['rediss://cache', { host: 'cache', tls: { servername: 'cache' } }],
  ])('reads %s', (url, expected) => {
    expect(redisOptions(new Secret(url))).toMatchObject(expected);
  });

  it('asks for no password that the URL does not name', () => {
    const options = redisOptions(new Secret('redis://cache'));
    expect(Object.keys(options)).not.toContain('password');
    expect(Object.keys(options)).not.toContain('tls');
  });

  it('shows the address without user and password', () => {
    expect(redisAddress(new Secret('redis://user:pw@cache:7000/3'))).toBe('cache:7000/3');
    expect(redisAddress(new Secret('unix:///run/redis.sock'))).toBe('/run/redis.sock');
  });

  it('tries again for ever, within 2 s', () => {
    const delays = [1, 2, 5, 20, 10_000].map((attempt) => reconnectDelay(attempt, () => 1));
    expect(delays).toEqual([125, 250, 2000, 2000, 2000]);
    expect(reconnectDelay(20, () => 0)).toBe(1200);
  });
});
