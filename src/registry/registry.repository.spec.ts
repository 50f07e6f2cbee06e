import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopPostgres } from '../../test/support/postgres.js';
import { openDatabase, type TestDatabase, type TestDialect } from '../../test/support/database.js';
import { systemClock } from '../common/clock.js';
import { createLogger } from '../common/logger.js';
import { LonePeers } from '../state/lone-peers.js';
import { ClientKey } from './client-key.entity.js';
import { ModelAlias } from './model-alias.entity.js';
import { Provider } from './provider.entity.js';
import { type Author, RegistryRepository } from './registry.repository.js';
import { RegistryStore } from './registry-store.service.js';
import { aClientKey, aModel, aProvider } from '../../test/support/registry-rows.js';
import { until } from '../../test/support/until.js';
import type { DatabaseService } from '../infra/database/database.service.js';

const BY: Author = { actor: 'admin_token', address: '127.0.0.1' };
const PEERS = new LonePeers({ instanceId: 'inst_1', role: 'api', version: '0' }, systemClock);

afterAll(() => stopPostgres());

describe.each<TestDialect>(['sqlite', 'postgres'])('the registry in %s', (dialect) => {
  let database: TestDatabase;
  let repository: RegistryRepository;
  beforeAll(async () => {
    database = await openDatabase(dialect);
    repository = new RegistryRepository(database.service, systemClock);
  });
  afterAll(() => database.close());

  it('gives back what was put in, documents and flags included', async () => {
    const provider = aProvider({ metadata: { owner: { team: 'a' } }, enabled: false, maxConcurrency: 3 });
    const model = aModel({ fallbacks: ['b', 'c'], prices: { input: 1.25, output: 10, cachedInput: null } });
    const key = aClientKey({ allowedModels: ['gpt-5'], dailyCost: 9_007_199_254 });
    await repository.insert(Provider, provider, 'provider.created', BY);
    await repository.insert(ModelAlias, model, 'model.created', BY);
    await repository.insert(ClientKey, key, 'client_key.created', BY);
    const rows = await repository.load();
    expect([rows.providers, rows.models, rows.clientKeys]).toEqual([[provider], [model], [key]]);
  });

  it('refuses a second one of that name, whole', async () => {
    const before = await repository.revision();
    const twin = aProvider({ id: 'prov_twin' });
    await expect(repository.insert(Provider, twin, 'provider.created', BY)).rejects.toMatchObject({
      code: 'already_exists',
    });
    expect(await repository.revision()).toBe(before);
  });

  it('changes and removes, each with an audit entry that tells no secret', async () => {
    const sealed = 'v1.deadbeef.canary-ciphertext';
    const after = await repository.update(
      Provider,
      'prov_1',
      ({ weight }) => ({ weight: weight + 4, secret: sealed }),
      'provider.updated',
      BY,
    );
    expect(after).toMatchObject({ weight: 5, secret: sealed, enabled: false });
    expect(await repository.remove(ClientKey, 'key_1', 'client_key.removed', BY)).toMatchObject({
      id: 'key_1',
    });
    expect(await repository.remove(ClientKey, 'key_1', 'client_key.removed', BY)).toBeNull();
    expect(await repository.update(ModelAlias, 'nobody', () => ({}), 'model.updated', BY)).toBeNull();

    const entries = await database.service.read<{ action: string; changes: string }>(
      'SELECT "action", "changes" FROM "audit_entries" ORDER BY "id"',
      [],
    );
    const actions = [
      'provider.created',
      'model.created',
      'client_key.created',
      'provider.updated',
      'client_key.removed',
    ];
    expect(entries.map((entry) => entry.action).sort()).toEqual([...actions].sort());
    const told = entries.map((entry) => entry.changes).join();
    expect(told).not.toContain('canary');
    expect(told).not.toContain(aClientKey().digest);
    const updated = entries.find((entry) => entry.action === 'provider.updated');
    expect(JSON.parse(updated?.changes ?? '')).toEqual({ weight: [1, 5], secret: [null, '[secret]'] });
  });

  it('has a new revision after every change', async () => {
    const seen = new Set([await repository.revision()]);
    for (let n = 0; n < 5; n++) {
      await repository.update(Provider, 'prov_1', () => ({ weight: n }), 'provider.updated', BY);
      seen.add(await repository.revision());
    }
    expect(seen.size).toBe(6);
  });

  it('notes when keys were used, only ever later, and that is no change', async () => {
    const before = await repository.revision();
    const seen = async () => [...(await repository.lastUsed())];
    await repository.insert(
      ClientKey,
      aClientKey({ id: 'key_2', digest: 'e'.repeat(64) }),
      'client_key.created',
      BY,
    );
    const revision = await repository.revision();
    expect(revision).not.toBe(before);
    await repository.noteUse([
      ['key_2', 2_000],
      ['key_gone', 2_000],
    ]);
    await repository.noteUse([['key_2', 1_000]]);
    await repository.noteUse([]);
    expect((await seen()).find(([id]) => id === 'key_2')).toEqual(['key_2', 2_000]);
    expect(await repository.revision()).toBe(revision);
  });

  it('is followed by every process: here at once, elsewhere by asking', async () => {
    const store = () =>
      new RegistryStore(repository, database.service, PEERS, createLogger('silent'), systemClock);
    const [here, there] = [store(), store()];
    await Promise.all([here.start(), there.start()]);
    const told: string[] = [];
    here.subscribe((rows) => told.push(rows.revision));
    await repository.update(ModelAlias, 'mdl_1', () => ({ enabled: false }), 'model.updated', BY);
    await here.changed();
    expect(here.rows.models[0]?.enabled).toBe(false);
    expect(told).toEqual([await repository.revision()]);
    expect(there.rows.models[0]?.enabled).toBe(true);
    expect(await there.refreshed()).toBe(true);
    expect(there.rows.models[0]?.enabled).toBe(false);
    await repository.update(ModelAlias, 'mdl_1', () => ({ enabled: true }), 'model.updated', BY);
    // Right after a look, for somebody else: what was made since must be seen, or a new key would be a wrong one.
    await repository.update(ModelAlias, 'mdl_1', () => ({ enabled: true }), 'model.updated', BY);
    expect(await there.refreshed()).toBe(true);
    expect(there.rows.models[0]?.enabled).toBe(true);
    const away = {
      ...database.service,
      ready: false,
      onReady: () => undefined,
    } as unknown as DatabaseService;
    expect(
      await new RegistryStore(repository, away, PEERS, createLogger('silent'), systemClock).refreshed(),
    ).toBe(false);
    for (const one of [here, there]) one.beforeApplicationShutdown();
  });

  it('is looked at once for all who ask for what nobody knows, by a look that begins after they have asked', async () => {
    const asked: (() => void)[] = [];
    const slow = {
      revision: () => new Promise<string>((resolve) => asked.push(() => resolve('1'))),
      load: async () => ({ ...(await repository.load()), revision: '1' }),
    } as unknown as RegistryRepository;
    const store = new RegistryStore(slow, database.service, PEERS, createLogger('silent'), systemClock);
    expect(await store.refreshed()).toBe(true);
    const first = store.refreshed();
    await until(() => asked.length === 1, { what: 'a look' });
    const begunSince = [store.refreshed(), store.refreshed(), store.refreshed()];
    asked[0]?.();
    expect(await first).toBe(true);
    await until(() => asked.length === 2, { what: 'the next look' });
    asked[1]?.();
    expect(await Promise.all(begunSince)).toEqual([true, true, true]);
    expect(asked).toHaveLength(2);
  });
});
