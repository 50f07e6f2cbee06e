import { describe, expect, it } from 'vitest';
import { readPeer } from '../../state/peer-facts.js';
import { spentElsewhere, type ToldSpent, usedElsewhere, writtenUse } from './used-elsewhere.js';

const DAY = 86_400_000;
const TODAY = Date.UTC(2026, 10, 24);
const NOW = TODAY + 1_000;
const row = (instance_id: string, tokens: number, day = TODAY) => ({
  caller_id: 'key_1',
  instance_id,
  day,
  tokens,
  cost: tokens * 10,
});
const told = (instanceId: string, held: number, today: number, month: number, day = TODAY): ToldSpent => ({
  instanceId,
  spent: [day, held, held * 10, today, today * 10, month, month * 10],
});
const tokens = (rows: ReturnType<typeof row>[], apart: string[] | null, ...says: ToldSpent[]) => {
  const written = apart === null ? { keys: new Map<string, never>(), apart } : writtenUse(rows, apart);
  const { held, day, month } = usedElsewhere(written, 'key_1', says, NOW);
  for (const amount of [held, day, month]) expect(amount.cost).toBe(amount.tokens * 10);
  return [held.tokens, day.tokens, month.tokens];
};

describe('what other processes have used of a key', () => {
  it('is what their records say and, of one that tells more than its own, what it tells', () => {
    expect(tokens([row('', 5), row('', 7, TODAY - DAY)], [])).toEqual([0, 5, 12]);
    expect(tokens([row('', 5), row('b', 30)], ['b'], told('b', 9, 100, 140))).toEqual([9, 105, 145]);
    expect(tokens([row('b', 100), row('b', 40, TODAY - DAY)], ['b'], told('b', 0, 30, 40))).toEqual([
      0, 100, 140,
    ]);
  });

  it('is never counted twice: who is not read apart yet tells of what runs alone', () => {
    expect(tokens([row('', 100)], [], told('b', 9, 100, 100))).toEqual([9, 100, 100]);
    expect(tokens([], null, told('b', 9, 100, 100), told('c', 1, 1, 1))).toEqual([10, 101, 101]);
  });

  it('begins anew with the day and the month, whenever they told it last', () => {
    expect(tokens([], ['b'], told('b', 9, 100, 140, TODAY - DAY))).toEqual([9, 0, 140]);
    expect(tokens([], ['b'], told('b', 9, 100, 140, TODAY - 30 * DAY))).toEqual([9, 0, 0]);
  });

  it('takes no nonsense', () => {
    const peer = (self: boolean, keySpent: unknown) => ({
      ...readPeer('b', JSON.stringify({ keySpent })),
      instanceId: 'b',
      self,
    });
    const said = [TODAY, 1, 2, 3, 4, 5, 6];
    const peers = [peer(true, { key_1: said }), peer(false, { key_1: said }), peer(false, { key_1: 'much' })];
    peers.push(peer(false, 'x'), peer(false, { key_1: [TODAY, -1, null] }), peer(false, { key_2: said }));
    expect(spentElsewhere(peers, 'key_1').map(({ spent }) => spent)).toEqual([
      said,
      [TODAY, 0, 0, 0, 0, 0, 0],
    ]);
  });
});
