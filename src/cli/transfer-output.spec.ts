import { expect, it } from 'vitest';
import { readArguments } from './migrate-data-arguments.js';
import { progressLine, TransferOutput } from './transfer-output.js';

const step = (rows: number) => ({ table: 'requests', rows, total: 10_000 });

it('tells how far a table is, how fast it goes and how long it will take', () => {
  expect(progressLine(step(2_500), 500)).toBe('requests: 2,500 of 10,000, 500 rows/s, 15 s left');
  expect(progressLine(step(10_000), 500)).toBe('requests: 10,000 of 10,000, 500 rows/s');
});

it('rewrites one line on a terminal and writes few lines elsewhere', () => {
  let now = 0;
  const written = (isTTY: boolean): string => {
    let text = '';
    const output = new TransferOutput({ isTTY, write: (more: string) => (text += more) }, () => now);
    for (let rows = 1_000; rows <= 10_000; rows += 1_000) {
      now += 1_000;
      output.progress(step(rows));
    }
    output.line('Done.');
    return text;
  };
  expect(written(true).split('\n')).toHaveLength(3);
  expect(written(true)).toContain('\r\u001b[Krequests: 2,000 of 10,000, 1,000 rows/s, 8 s left');
  expect(written(false).split('\n')).toEqual([
    'requests: 6,000 of 10,000, 1,000 rows/s, 4 s left',
    'requests: 10,000 of 10,000, 1,000 rows/s',
    'Done.',
    '',
  ]);
});

it('reads options with and without an equals sign', () => {
  expect(readArguments(['--from', 'sqlite:///a', '--to=postgres://h/x?a=b', '--dry-run'])).toEqual({
    from: 'sqlite:///a',
    to: 'postgres://h/x?a=b',
    dryRun: true,
    json: false,
  });
});
