import { describe, expect, it } from 'vitest';
import { fieldWords, valueWords } from './audit-words.js';

describe('words of the audit', () => {
  it.each([
    ['maxConcurrency', 'most at once'],
    ['healthPath', 'health path'],
    ['weight', 'weight'],
  ])('%s is %s', (name, words) => expect(fieldWords(name)).toBe(words));

  it.each([
    ['enabled', false, 'no'],
    ['dailyCost', 25_000_000, '$25.00'],
    ['allowedPools', ['main', 'batch'], 'main, batch'],
    ['prices', { input: 1.25, output: 10, cachedInput: null }, 'input $1.25, output $10'],
    ['secret', '[secret]', '[secret]'],
    ['weight', 3, '3'],
    ['metadata', { owner: 'platform' }, '{"owner":"platform"}'],
  ])('of %s %o is %s', (name, value, words) => expect(valueWords(name, value)).toBe(words));
});
