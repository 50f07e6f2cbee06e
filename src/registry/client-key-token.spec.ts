import { describe, expect, it } from 'vitest';
import { clientKeyDigest, isClientKey, newClientKey, shownPrefix } from './client-key-token.js';

describe('client key', () => {
  it('is always one of ours, of one length, and never the same', () => {
    const keys = Array.from({ length: 2_000 }, newClientKey);
    expect(keys.every(isClientKey)).toBe(true);
    expect(new Set(keys.map((key) => key.length))).toEqual(new Set([61]));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is not one of ours with any character changed, dropped or added', () => {
    const key = newClientKey();
    for (let at = 0; at < key.length; at++) {
      const other = key[at] === 'a' ? 'b' : 'a';
      expect(isClientKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
      expect(isClientKey(key.slice(0, at) + key.slice(at + 1))).toBe(false);
    }
    for (const text of ['', 'rpx_', `${key} `, `${key}0`, key.toUpperCase(), `sk-${key}`, `${key}\n`])
      expect(isClientKey(text)).toBe(false);
  });

  it('shows ten characters and stores a digest that does not hold it', () => {
    const key = newClientKey();
    expect(shownPrefix(key)).toBe(key.slice(0, 10));
    expect(clientKeyDigest(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(clientKeyDigest(key)).toBe(clientKeyDigest(key));
    expect(clientKeyDigest(key)).not.toBe(clientKeyDigest(newClientKey()));
  });
});
