import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceOptions } from '../infra/database/data-source.js';
import { identityConflicts } from './identity-conflicts.js';
import { transferPlan } from './transfer-plan.js';
import { hasRule, NOT_MOVED, ruleFor } from './transfer-rules.js';

describe('the plan of a transfer', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = createDataSource(dataSourceOptions({ kind: 'sqlite', path: ':memory:', origin: 'test' }));
    await dataSource.initialize();
  });
  afterAll(() => dataSource.destroy());

  it('has every table there is, or says that it stays', () => {
    const planned = transferPlan(dataSource).map(({ table }) => table);
    const all = dataSource.entityMetadatas.map(({ tableName }) => tableName);
    expect([...planned, ...NOT_MOVED].sort()).toEqual(all.sort());
    expect(planned.at(-1)).toBe('sessions');
  });

  it('knows how to page through each, and what to do with a row that both databases have', () => {
    for (const { table, columns, key } of transferPlan(dataSource)) {
      const entity = dataSource.getMetadata(table);
      const types = entity.primaryColumns.map(({ type }) => type);
      expect(key.length, table).toBeGreaterThan(0);
      for (const type of types) expect(['text', 'integer', 'bigint'], table).toContain(type);
      expect(hasRule(table, columns), `${table} needs a rule in transfer-rules.ts`).toBe(true);
    }
  });

  it('takes the newer row of a table that says when its rows changed', () => {
    const { onConflict, knowsMore } = ruleFor('things', ['id', 'name', 'updated_at'], ['id']);
    expect(onConflict).toMatch(
      /^UPDATE SET "name" = excluded\."name", "updated_at" = excluded\."updated_at"/,
    );
    expect(onConflict).toContain('WHERE excluded."updated_at" > "things"."updated_at"');
    expect(knowsMore({ updated_at: 2 }, { updated_at: 1 })).toBe(true);
    expect(knowsMore({ updated_at: 1 }, { updated_at: 2 })).toBe(false);
  });
});

describe('identities of two databases', () => {
  const row = (fingerprint: string, resource_id: string) => ({ fingerprint, resource_id });

  it('agree when each key has one id and each id one key', () => {
    const source = [row('a', 'openai-1'), row('b', 'openai-2')];
    expect(identityConflicts(source, [])).toEqual([]);
    expect(identityConflicts(source, [row('b', 'openai-2'), row('c', 'openai-3')])).toEqual([]);
  });

  it('disagree when an id means another key there, or a key has another id', () => {
    expect(identityConflicts([row('a', 'openai-1')], [row('b', 'openai-1')])).toEqual(['openai-1']);
    expect(identityConflicts([row('a', 'openai-1')], [row('a', 'openai-2')])).toEqual(['openai-1']);
  });
});
