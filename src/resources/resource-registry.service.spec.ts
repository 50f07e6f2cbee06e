import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, tempDir, type TestDatabase } from '../../test/support/database.js';
import { NO_PROVIDERS } from '../../test/support/registry-rows.js';
import { systemClock } from '../common/clock.js';
import { createLogger } from '../common/logger.js';
import { Secret } from '../common/secret.js';
import type { AppConfig } from '../config/app-config.js';
import type { DatabaseService } from '../infra/database/database.service.js';
import { ResourceIdentityRepository } from './resource-identity.repository.js';
import { ResourceRegistry } from './resource-registry.service.js';

const AWAY = { ready: false } as DatabaseService;

describe('ResourceRegistry', () => {
  let dir: { path: string; remove(): void };
  let database: TestDatabase;
  beforeEach(async () => {
    dir = tempDir();
    database = await openDatabase('sqlite');
  });
  afterEach(async () => {
    await database.close();
    dir.remove();
  });

  function registry(keys: string[], options: { sql?: DatabaseService; organization?: string } = {}) {
    const config = {
      dataDir: dir.path,
      upstream: { baseUrl: 'http://upstream.test/v1' },
      health: { path: '/models' },
      keys: keys.map((key, i) => ({
        apiKey: new Secret(key),
        origin: `OPENAI_API_KEYS[${i + 1}]`,
        weight: i + 1,
        poolId: i === 0 ? 'first' : null,
        organization: options.organization ?? null,
      })),
    } as unknown as AppConfig;
    const repository = new ResourceIdentityRepository(options.sql ?? database.service);
    return new ResourceRegistry(config, repository, NO_PROVIDERS, systemClock, createLogger('silent'));
  }

  async function idsOf(keys: string[], sql?: DatabaseService) {
    const loaded = registry(keys, { sql });
    await loaded.load();
    return loaded.snapshot.resources.map((resource) => resource.id);
  }

  it('goes by position before anything is loaded', () => {
    const { snapshot } = registry(['sk-a', 'sk-b']);
    expect(snapshot.resources.map((r) => r.id)).toEqual(['openai-1', 'openai-2']);
    expect(snapshot.poolIds).toEqual(['first']);
    expect(snapshot.byId.get('openai-2')).toBe(snapshot.resources[1]);
    expect(snapshot.byFingerprint.get(new Secret('sk-b').fingerprint())?.weight).toBe(2);
  });

  it('keeps ids with their keys across restarts, removals and returns', async () => {
    expect(await idsOf(['sk-a', 'sk-b', 'sk-c'])).toEqual(['openai-1', 'openai-2', 'openai-3']);
    expect(await idsOf(['sk-c', 'sk-a'])).toEqual(['openai-3', 'openai-1']);
    expect(await idsOf(['sk-d', 'sk-c'])).toEqual(['openai-4', 'openai-3']);
    expect(await idsOf(['sk-b'])).toEqual(['openai-2']);
  });

  it('starts from its copy while SQL is away, and SQL agrees afterwards', async () => {
    await idsOf(['sk-a', 'sk-b']);
    expect(await idsOf(['sk-b', 'sk-n'], AWAY)).toEqual(['openai-2', 'openai-3']);
    expect(await idsOf(['sk-n', 'sk-m'])).toEqual(['openai-3', 'openai-4']);
  });

  it('survives a damaged copy and replaces it', async () => {
    const path = join(dir.path, 'resource-ids.json');
    for (const damage of ['', '{', '{"a":1}', '[1,null,{"fingerprint":3}]']) {
      writeFileSync(path, damage);
      expect(await idsOf(['sk-a'], AWAY)).toEqual(['openai-1']);
    }
    expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveLength(1);
  });

  it('writes its copy for its owner only, whole, and without the key', async () => {
    await idsOf(['sk-secret-key']);
    expect(readdirSync(dir.path)).toEqual(['resource-ids.json']);
    const path = join(dir.path, 'resource-ids.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain('sk-secret-key');
  });

  it('lets replicas that start together agree', async () => {
    const both = await Promise.all([idsOf(['sk-a', 'sk-b']), idsOf(['sk-b', 'sk-c'])]);
    const [first, second] = both;
    expect(first[1]).toBe(second[0]);
    expect(new Set([...first, ...second]).size).toBe(3);
  });

  it('learns an organisation, groups by it and remembers it', async () => {
    const before = registry(['sk-a', 'sk-b']);
    await before.load();
    const [a, b] = before.snapshot.resources;
    expect(before.groupOf(a!)).not.toBe(before.groupOf(b!));
    let told = 0;
    before.subscribe(() => told++);
    before.learnOrganization('openai-1', 'org-x');
    before.learnOrganization('openai-1', 'org-x');
    before.learnOrganization('openai-2', 'org-x');
    before.learnOrganization('openai-9', 'org-x');
    expect(told).toBe(2);
    expect(before.groupOf(a!)).toBe(before.groupOf(b!));
    await before.settled();

    const after = registry(['sk-a', 'sk-b']);
    await after.load();
    expect(after.organizationOf(after.snapshot.resources[1]!)).toBe('org-x');
  });

  it('hands what it learned without SQL to SQL later', async () => {
    const away = registry(['sk-a'], { sql: AWAY });
    await away.load();
    away.learnOrganization('openai-1', 'org-x');
    await away.settled();
    await idsOf(['sk-a']).then(() => dir.remove());
    const later = registry(['sk-a']);
    await later.load();
    expect(later.organizationOf(later.snapshot.resources[0]!)).toBe('org-x');
  });

  it('believes the configured label over the learned one', async () => {
    const labelled = registry(['sk-a'], { organization: 'acme' });
    await labelled.load();
    labelled.learnOrganization('openai-1', 'org-x');
    expect(labelled.organizationOf(labelled.snapshot.resources[0]!)).toBe('acme');
    await labelled.settled();
  });

  it('goes on when neither disk nor SQL takes what it learned', async () => {
    const broken = { ready: true, transaction: () => Promise.reject(new Error('disk full')) };
    const alone = registry(['sk-a'], { sql: broken as unknown as DatabaseService });
    await alone.load();
    dir.remove();
    writeFileSync(dir.path, 'a file where the directory was');
    alone.learnOrganization('openai-1', 'org-x');
    await alone.settled();
    expect(alone.organizationOf(alone.snapshot.resources[0]!)).toBe('org-x');
  });
});
