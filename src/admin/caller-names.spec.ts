import { describe, expect, it } from 'vitest';
import { callerIdOf } from './caller-names.service.js';

const key = (id: string, name: string, createdAt: number, revokedAt: number | null = null) => ({
  id,
  name,
  createdAt,
  revokedAt,
});
const KEYS = [
  key('key_1', 'ci-runner', 1),
  key('key_2', 'CI-Runner', 2),
  key('key_3', 'ci-runner', 3, 4),
  key('key_4', 'gone', 1, 2),
  key('key_5', 'gone', 2, 3),
  key('key_6', 'key_1', 9),
  key('key_7', 'Anonymous', 9),
];

describe('whom a caller filter means', () => {
  it.each([
    ['key_2', 'key_2', 'an id'],
    ['key_1', 'key_1', 'an id before a name'],
    ['ci-runner', 'key_2', 'the newest of that name that is not revoked'],
    ['gone', 'key_5', 'the newest where all are revoked'],
    ['loopback', 'loopback', 'a caller without a key'],
    ['anonymous', 'anonymous', 'that caller, whatever a key is called'],
  ])('%s is %s: %s', (text, id) => {
    expect(callerIdOf(text, KEYS)).toBe(id);
  });
});
