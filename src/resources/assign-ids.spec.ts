import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignIds } from './assign-ids.js';

const known = (record: Record<string, string>) => new Map(Object.entries(record));

describe('assignIds', () => {
  it.each([
    ['first start', {}, ['a', 'b'], ['openai-1', 'openai-2']],
    ['same keys again', { a: 'openai-1', b: 'openai-2' }, ['a', 'b'], ['openai-1', 'openai-2']],
    ['another order', { a: 'openai-1', b: 'openai-2' }, ['b', 'a'], ['openai-2', 'openai-1']],
    [
      'one removed: nobody is renamed',
      { a: 'openai-1', b: 'openai-2', c: 'openai-3' },
      ['a', 'c'],
      ['openai-1', 'openai-3'],
    ],
    [
      'one removed, one new: the old number is not given again',
      { a: 'openai-1', b: 'openai-2' },
      ['a', 'n'],
      ['openai-1', 'openai-3'],
    ],
    [
      'a key comes back to its id',
      { a: 'openai-1', b: 'openai-2', n: 'openai-3' },
      ['b', 'n'],
      ['openai-2', 'openai-3'],
    ],
    ['a new key in front', { a: 'openai-1' }, ['n', 'a'], ['openai-2', 'openai-1']],
    ['a hole that was never used', { a: 'openai-1', c: 'openai-3' }, ['n', 'm'], ['openai-2', 'openai-4']],
    ['a damaged id', { a: 'nonsense', b: 'openai-1' }, ['a', 'b'], ['openai-2', 'openai-1']],
    ['an id given twice', { a: 'openai-1', b: 'openai-1' }, ['a', 'b'], ['openai-1', 'openai-2']],
    ['the same key twice', {}, ['a', 'a', 'b'], ['openai-1', 'openai-1', 'openai-2']],
    ['no key', { a: 'openai-1' }, [], []],
  ])('%s', (_name, before, keys, expected) => {
    const ids = assignIds(known(before), keys);
    expect(keys.map((key) => ids.get(key))).toEqual(expected);
  });

  it('never gives one id to two keys and never renames, over any history of key sets', () => {
    const keySets = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(keySets, (history) => {
        const memory = new Map<string, string>();
        for (const keys of history) {
          const ids = assignIds(memory, keys);
          for (const [key, id] of ids) {
            expect(memory.get(key) ?? id).toBe(id);
            memory.set(key, id);
          }
          expect(new Set(memory.values()).size).toBe(memory.size);
        }
      }),
    );
  });
});
