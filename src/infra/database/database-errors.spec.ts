import { describe, expect, it } from 'vitest';
import { isMigrationsTableMissing } from './database-errors.js';

const failed = (message: string, code?: string): Error => Object.assign(new Error(message), { code });

describe('a missing table', () => {
  it.each([
    ['in English', failed('relation "migrations" does not exist', '42P01')],
    ['in the language of the server', failed('Relation »migrations« existiert nicht', '42P01')],
    ['as TypeORM wraps it', Object.assign(new Error('x'), { driverError: { code: '42P01' } })],
    ['of SQLite', failed('SQLITE_ERROR: no such table: migrations', 'SQLITE_ERROR')],
  ])('is known %s', (_, error) => expect(isMigrationsTableMissing(error)).toBe(true));

  it.each([
    failed('role "proxy" does not exist', '28000'),
    failed('database "history" does not exist', '3D000'),
    failed('column "name" does not exist', '42703'),
    failed('permission denied for table migrations', '42501'),
    failed('SQLITE_BUSY: database is locked', 'SQLITE_BUSY'),
    failed('SQLITE_ERROR: no such table: main.other_table', 'SQLITE_ERROR'),
    'not an error',
  ])('is not taken for %s', (error) => expect(isMigrationsTableMissing(error)).toBe(false));
});
