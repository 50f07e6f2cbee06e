import { expect, it } from 'vitest';
import { readPeer } from '../../state/peer-facts.js';
import { minuteElsewhere } from './minute-elsewhere.js';

const peer = (self: boolean, told: unknown) => ({
  ...readPeer('inst', JSON.stringify(told)),
  self,
});

it('adds up what other processes say of a key, and takes no nonsense', () => {
  const peers = [
    peer(true, { keyMinutes: { key_1: [100, 100] } }),
    peer(false, { keyMinutes: { key_1: [3, 400], key_2: [1, 1] } }),
    peer(false, { keyMinutes: { key_1: [2, -5] } }),
    peer(false, { keyMinutes: { key_1: 'many' } }),
    peer(false, { keyMinutes: { key_1: [null, 'x'] } }),
    peer(false, {}),
  ];
  expect(minuteElsewhere(peers, 'key_1')).toEqual([5, 400]);
  expect(minuteElsewhere(peers, 'key_3')).toEqual([0, 0]);
});
