import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../test/support/database.js';
import { stopPostgres } from '../../../test/support/postgres.js';
import { size } from '../../../test/support/release.js';
import { openReadOnly } from './read-only-database.js';

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('a database that is only looked into, on %s', (dialect) => {
  it('refuses every change', async () => {
    const db = await openDatabase(dialect);
    const reader = await openReadOnly(db.config);
    for (const sql of ['DELETE FROM requests', 'CREATE TABLE strange (id int)'])
      await expect(reader.readPatiently(sql, []), sql).rejects.toThrow(/read-?only/);
    expect(await reader.readPatiently('SELECT COUNT(*) AS "rows" FROM "requests"', [])).toEqual([
      { rows: 0 },
    ]);
    await reader.close();
    await db.close();
  });
});

it('is waited for, on Postgres, as long as a statement takes', async () => {
  const db = await openDatabase('postgres');
  const reader = await openReadOnly(db.config);
  expect(await reader.readPatiently('SHOW statement_timeout', [])).toEqual([{ statement_timeout: '0' }]);
  // At full size longer than the program waits for any other statement.
  await reader.readPatiently(`SELECT pg_sleep(${size(0, 6.5)})`, []);
  await reader.close();
  await db.close();
});
