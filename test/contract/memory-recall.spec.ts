import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BindingKeeper } from '../../src/balancer/binding-keeper.js';
import type { ResourceRegistry } from '../../src/resources/resource-registry.service.js';
import type { AffinityBinding, BindingKey } from '../../src/state/live-state.js';
import { MemoryLiveState } from '../../src/state/memory-live-state.js';
import { RecordedBindings } from '../../src/state/recorded-bindings.js';
import { AffinityReadModel } from '../../src/usage/affinity.read-model.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { ManualClock, NO_HINTS } from '../support/routing-world.js';
import { aBinding } from './live-state.contract.js';

afterAll(stopPostgres);

const NO_REGISTRY = { snapshot: { resources: [] } } as unknown as ResourceRegistry;
const AFFINITY = { maxEntries: 4, sessionTtlMs: 9e7, responseTtlMs: 9e7, sharedInOrganization: false };
const key = (kind: BindingKey['kind'], id: string): AffinityBinding =>
  aBinding({ kind, id, expiresAt: 4e12 });

describe('what a process alone has forgotten', () => {
  const clock = new ManualClock();
  const now = clock.now();
  let asked: string[][] = [];
  let recorded: RecordedBindings;
  let live: MemoryLiveState;
  beforeEach(() => {
    asked = [];
    recorded = new RecordedBindings(clock);
    recorded.source = (keys) => {
      asked.push(keys.map(({ id }) => id));
      return Promise.resolve(
        keys.filter(({ id }) => id.startsWith('old')).map(({ kind, id }) => key(kind, id)),
      );
    };
    live = new MemoryLiveState(4, clock, recorded);
  });

  it('is in the history: found there once, and known from then on', async () => {
    live.bind(key('response', 'old-1'));
    for (let n = 0; n < 4; n++) live.bind(key('session', `s${n}`));
    expect(live.binding(key('response', 'old-1'), now)).toBeNull();
    expect(await live.recall([key('response', 'old-1')], now)).toBe(true);
    expect(live.binding(key('response', 'old-1'), now)).toMatchObject({ fingerprint: 'f1' });
    expect(live.recall([key('response', 'old-1')], now)).toBeNull();
    expect(asked).toEqual([['old-1']]);
  });

  it('is asked for in one query by all who ask at once, and not again for a while where nobody knows it', async () => {
    const all = ['old-a', 'b', 'old-c', 'd'].map((id) =>
      Promise.resolve(live.recall([key('item', id)], now)),
    );
    expect(await Promise.all(all)).toEqual([true, true, true, true]);
    expect(asked).toEqual([['old-a', 'b', 'old-c', 'd']]);
    expect(live.recall([key('item', 'b'), key('item', 'd')], now)).toBeNull();
  });

  it('is waited for where only its owner can serve it, and not for a session alone', async () => {
    expect(live.recall([key('session', 'old-s'), key('thread', 'old-t')], now)).toBeNull();
    expect(await live.recall([key('sealed', 'old-x'), key('session', 'old-s')], now)).toBe(true);
    expect(live.binding(key('session', 'old-s'), now)).not.toBeNull();
  });

  it('is no guess while the history is away: refused to a tenant, and known again when it is back', async () => {
    const { source } = recorded;
    recorded.source = () => Promise.reject(new Error('away'));
    const keeper = new BindingKeeper(live, NO_REGISTRY, AFFINITY, clock);
    const hints = { ...NO_HINTS, tenant: true, itemReferenceIds: ['old-1'] };
    await expect(keeper.recall(hints)).rejects.toMatchObject({ code: 'affinity_unavailable' });
    expect(await live.recall([key('sealed', 'x')], now)).toBe(true);
    recorded.source = source;
    clock.advance(60_000);
    await keeper.recall(hints);
    expect(keeper.strangeReferences(hints)).toEqual([]);
  });

  it('is no guess before its record is in the history: refused for a moment, and known once it is there', async () => {
    const { source } = recorded;
    recorded.source = () => Promise.resolve([]);
    live.bind({ ...key('response', 'old-1'), boundAt: now });
    for (let n = 0; n < 4; n++) live.bind(key('session', `s${n}`));
    recorded.owedSince = () => now - 100;
    const keeper = new BindingKeeper(live, NO_REGISTRY, AFFINITY, clock);
    const hints = { ...NO_HINTS, tenant: true, previousResponseId: 'old-1' };
    await expect(keeper.recall(hints)).rejects.toMatchObject({ code: 'affinity_unavailable' });
    recorded.source = source;
    recorded.owedSince = () => null;
    await keeper.recall(hints);
    expect(keeper.strangeReferences(hints)).toEqual([]);
  });

  it('was recorded long ago where it was made long ago: what is unknown then is refused as unknown', async () => {
    live.bind({ ...key('response', 'old-1'), boundAt: now - 1_000 });
    for (let n = 0; n < 4; n++) live.bind({ ...key('session', `s${n}`), boundAt: now });
    recorded.owedSince = () => now - 100;
    expect(await live.recall([key('response', 'never')], now)).toBe(true);
  });
});

describe.each(['sqlite', 'postgres'] as const)('the history of bindings on %s', (dialect) => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = await openDatabase(dialect);
  });
  afterEach(() => db.close());

  it('finds a thousand at once among many, and none that are over or of another caller', async () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => `('c${n % 2}', 'item', 'i${n}', 'f', 1, ${n})`);
    const columns = 'caller_id, kind, id, fingerprint, bound_at, expires_at';
    await db.service.dataSource.query(`INSERT INTO affinity_bindings (${columns}) VALUES ${rows.join(', ')}`);
    const model = new AffinityReadModel(db.service);
    const keys = Array.from({ length: 1_000 }, (_, n) => ({
      callerId: 'c0',
      kind: 'item' as const,
      id: `i${n}`,
    }));
    const found = await model.find(keys, 499);
    expect(found).toHaveLength(250);
    expect(found.find(({ id }) => id === 'i500')).toEqual({
      callerId: 'c0',
      kind: 'item',
      id: 'i500',
      fingerprint: 'f',
      organization: null,
      cachedTokens: null,
      boundAt: 1,
      expiresAt: 500,
    });
  });
});
