import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BindingKeeper } from '../../src/balancer/binding-keeper.js';
import type { RoutingHints } from '../../src/balancer/routing-hints.js';
import { systemClock } from '../../src/common/clock.js';
import type { ResourceRegistry } from '../../src/resources/resource-registry.service.js';
import type { AffinityBinding, BindingKey } from '../../src/state/live-state.js';
import { RedisPeer } from '../support/redis-peer.js';
import { TestRedis } from '../support/redis.js';
import { NO_HINTS } from '../support/routing-world.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import { aBinding } from './live-state.contract.js';

const binary = TestRedis.binary();
const { callerId } = aBinding();
const NO_REGISTRY = { snapshot: { resources: [] } } as unknown as ResourceRegistry;
const AFFINITY = {
  maxEntries: 100,
  sessionTtlMs: 60_000,
  responseTtlMs: 60_000,
  sharedInOrganization: false,
};

describeWith(binary !== null, 'a Redis server')('what a request names, of which Redis knows a part', () => {
  let redis: TestRedis;
  const peers: RedisPeer[] = [];
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
  });
  afterEach(() => Promise.all(peers.splice(0).map((peer) => peer.stop())));
  afterAll(() => redis.stop());

  const item = (id: string): AffinityBinding =>
    aBinding({ kind: 'item', id, boundAt: Date.now(), expiresAt: Date.now() + 60_000 });

  /** A process that has just come: `shared` is in Redis, and `source` is its history. */
  async function newcomer(
    source: (keys: readonly BindingKey[]) => Promise<readonly AffinityBinding[]>,
  ): Promise<BindingKeeper> {
    const prefix = randomUUID();
    const writer = await RedisPeer.start(redis.url, { prefix });
    peers.push(writer);
    await writer.up();
    writer.live.bind(item('shared'));
    const witness = await RedisPeer.start(redis.url, { prefix });
    peers.push(witness);
    await witness.up();
    await until(async () => {
      await witness.live.recall([item('shared')], Date.now());
      return witness.live.binding(item('shared'), Date.now()) !== null;
    });
    const peer = await RedisPeer.start(redis.url, { prefix, source });
    peers.push(peer);
    await peer.up();
    return new BindingKeeper(peer.live, NO_REGISTRY, AFFINITY, systemClock);
  }
  const hints = (tenant: boolean, ...itemReferenceIds: string[]): RoutingHints => ({
    ...NO_HINTS,
    callerId,
    tenant,
    previousResponseId: 'first',
    itemReferenceIds,
  });

  describe.each([
    [true, ['first', 'recorded', 'never']],
    [false, ['first']],
  ])('tenant: %s', (tenant, expected) => {
    it('asks the history for all that decides or must be its own, and for no more', async () => {
      const asked: string[] = [];
      const keeper = await newcomer((keys) => {
        asked.push(...keys.map(({ id }) => id));
        return Promise.resolve(keys.filter(({ id }) => id === 'recorded').map(({ id }) => item(id)));
      });
      const named = hints(tenant, 'shared', 'recorded', 'never');
      await keeper.recall(named);
      expect(asked).toEqual(expected);
      const strange = keeper.strangeReferences(named).map(({ id }) => id);
      expect(strange).toEqual(tenant ? ['first', 'never'] : []);
    });
  });

  it('does not tell a tenant that its own item is unknown while the history is away', async () => {
    const keeper = await newcomer(() => Promise.reject(new Error('away')));
    const named = { ...hints(true, 'shared', 'recorded'), previousResponseId: null };
    await expect(keeper.recall(named)).rejects.toMatchObject({ code: 'affinity_unavailable' });
  });
});
