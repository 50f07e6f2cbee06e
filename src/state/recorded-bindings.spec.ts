import { describe, expect, it } from 'vitest';
import { aBinding } from '../../test/contract/live-state.contract.js';
import { until } from '../../test/support/until.js';
import { systemClock } from '../common/clock.js';
import type { AffinityBinding, BindingKey } from './live-state.js';
import { RecordedBindings } from './recorded-bindings.js';

interface Asked {
  readonly ids: readonly string[];
  answer(): void;
  fail(): void;
}

/** A history that answers when it is told to, and knows everything. */
function history(): { readonly asked: Asked[]; readonly recorded: RecordedBindings } {
  const asked: Asked[] = [];
  const recorded = new RecordedBindings(systemClock);
  recorded.source = (keys: readonly BindingKey[]) =>
    new Promise<readonly AffinityBinding[]>((resolve, reject) =>
      asked.push({
        ids: keys.map(({ id }) => id),
        answer: () => resolve(keys.map((key) => aBinding(key))),
        fail: () => reject(new Error('no')),
      }),
    );
  return { asked, recorded };
}

const ids = (found: readonly AffinityBinding[] | null): string[] | undefined => found?.map(({ id }) => id);
const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `r${i}`);

describe('look-ups in the history', () => {
  it('gathers sixty that ask at once into one query, and gives each its own', async () => {
    const { asked, recorded } = history();
    const all = numbered(60).map((id) => recorded.find([aBinding({ id })], 0));
    await until(() => asked.length === 1);
    expect(asked[0]?.ids).toHaveLength(60);
    asked[0]?.answer();
    expect((await Promise.all(all)).map(ids)).toEqual(numbered(60).map((id) => [id]));
  });

  it('has one query under way, and those that ask meanwhile are the next one', async () => {
    const { asked, recorded } = history();
    const first = recorded.find([aBinding({ id: 'a' })], 0);
    await until(() => asked.length === 1);
    const others = ['b', 'c'].map((id) => recorded.find([aBinding({ id })], 0));
    asked[0]?.answer();
    expect(ids(await first)).toEqual(['a']);
    await until(() => asked.length === 2);
    expect(asked[1]?.ids).toEqual(['b', 'c']);
    asked[1]?.answer();
    expect((await Promise.all(others)).map(ids)).toEqual([['b'], ['c']]);
  });

  it('asks for no more keys at once than a database takes', async () => {
    const { asked, recorded } = history();
    const all = numbered(600).map((id) => recorded.find([aBinding({ id })], 0));
    for (let n = 0; n < 3; n += 1) {
      await until(() => asked.length === n + 1);
      asked[n]?.answer();
    }
    expect(asked.map((one) => one.ids.length)).toEqual([250, 250, 100]);
    expect((await Promise.all(all)).every((found) => found?.length === 1)).toBe(true);
  });

  it('leaves room for others, however many ids one caller asks for', async () => {
    const { asked, recorded } = history();
    const invented = (n: number): readonly BindingKey[] =>
      numbered(1_024).map((id) => aBinding({ callerId: 'key_greedy', id: `${n} ${id}` }));
    void recorded.find(invented(0), 0, 10_000);
    await until(() => asked.length === 1);
    const greedy = Array.from({ length: 20 }, (_, n) => recorded.find(invented(n + 1), 0, 10_000));
    const others = numbered(20).map((id) =>
      recorded.find([aBinding({ callerId: `key_${id}`, id })], 0, 10_000),
    );
    // One more waits, the rest is told at once that it cannot be looked up.
    expect((await Promise.all(greedy.slice(1))).every((found) => found === null)).toBe(true);
    for (let n = 0; n < 3; n += 1) {
      await until(() => asked.length === n + 1);
      asked[n]?.answer();
    }
    expect((await greedy[0])?.length).toBe(1_024);
    expect((await Promise.all(others)).map(ids)).toEqual(numbered(20).map((id) => [id]));
    // What has been answered takes no room any more.
    const again = recorded.find(invented(99), 0, 10_000);
    await until(() => asked.length === 4);
    asked[3]?.answer();
    expect((await again)?.length).toBe(1_024);
  });

  it('hears of a slow answer where it is patient, and lets nobody else wait for it', async () => {
    const { asked, recorded } = history();
    const patient = recorded.find([aBinding({ id: 'a' })], 0, 10_000);
    expect(await recorded.find([aBinding({ id: 'b' })], 0)).toBeNull();
    await until(() => !recorded.available);
    const second = recorded.find([aBinding({ id: 'c' })], 0, 10_000);
    await until(() => asked.length === 2);
    asked.forEach((one) => one.answer());
    expect([ids(await patient), ids(await second)]).toEqual([['a'], ['c']]);
  });

  it('says at once to the impatient that a database which has failed cannot be asked', async () => {
    const { asked, recorded } = history();
    const first = recorded.find([aBinding({ id: 'a' })], 0);
    await until(() => asked.length === 1);
    asked[0]?.fail();
    expect(await first).toBeNull();
    expect(await recorded.find([aBinding({ id: 'b' })], 0)).toBeNull();
    expect(asked).toHaveLength(1);
  });
});
