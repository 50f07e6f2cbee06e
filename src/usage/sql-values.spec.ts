import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlValues } from './sql-values.js';

describe('SqlValues', () => {
  it('writes plain values for SQLite into the statement and binds the rest', () => {
    const values = new SqlValues('sqlite', [0, 1, 2, 3, 4]);
    values.addRow([1, 'a "b" -- c;', null, -5, '']);
    values.addRow(["o'clock", 'ü', Buffer.from('x'), 1.5, 'a\nb']);
    expect(values.close().text).toBe(`(1,'a "b" -- c;',NULL,-5,''),(?,?,?,?,?)`);
    expect(values.params).toEqual(["o'clock", 'ü', Buffer.from('x'), 1.5, 'a\nb']);
  });

  it('binds everything on Postgres', () => {
    const values = new SqlValues('postgres', [0, 1]);
    values.addRow([1, 'a']);
    values.addRow([null, 'b']);
    expect(values.close().text).toBe('($1,$2),($3,$4)');
    expect(values.params).toEqual([1, 'a', null, 'b']);
  });

  it('leaves out what the statement does not have', () => {
    const values = new SqlValues('sqlite', [0, 2]);
    values.addRow(['a', null, 3]);
    expect(values.close().text).toBe(`('a',3)`);
  });

  it('lets no text out of its apostrophes, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const values = new SqlValues('sqlite', [0]);
        values.addRow([text]);
        if (values.params.length > 0) expect(values.close().text).toBe('(?)');
        else expect(values.close().text.slice(2, -2)).not.toMatch(/['\0]|[^\x20-\x7e]/);
      }),
    );
  });
});
