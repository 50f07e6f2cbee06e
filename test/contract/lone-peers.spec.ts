import { expect, it } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import { LonePeers } from '../../src/state/lone-peers.js';
import { peersContract } from './peers.contract.js';

const make = (): LonePeers =>
  new LonePeers({ instanceId: 'inst_1', role: 'api', version: '1.2.3' }, systemClock);

peersContract('alone', make);

it('a process without Redis is alone, and every claim is its own', async () => {
  const peers = make();
  expect(peers.link).toMatchObject({ status: 'alone', storeId: null, error: null });
  expect(peers.list()).toHaveLength(1);
  expect([await peers.claim('a', 1_000), await peers.claim('a', 1_000)]).toEqual([true, true]);
});
