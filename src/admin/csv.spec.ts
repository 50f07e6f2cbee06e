import { expect, it } from 'vitest';
import { csvCell, csvLine } from './csv.js';

it.each([
  ['plain', 'plain'],
  ['', ''],
  [null, ''],
  [0, '0'],
  [-1.5, '-1.5'],
  [true, 'true'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\r\nlines', '"two\r\nlines"'],
  [{ a: 1 }, '"{""a"":1}"'],
  ['=1+1', "'=1+1"],
  ['+49 30', "'+49 30"],
  ['-1', '-1'],
  ['-cmd|x', "'-cmd|x"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', '"\'\t=1"'],
  ['a;=HYPERLINK("http://x","y")', '"a;=HYPERLINK(""http://x"",""y"")"'],
  ['a\t=1', '"a\t=1"'],
  ['\r=1', '"\'\r=1"'],
  ['\n=1', '"\'\n=1"'],
  ['|calc', "'|calc"],
  ['＝1', "'＝1"],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
])('a cell of %j is %j, and no spreadsheet runs it', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

it('a line ends as RFC 4180 says', () => {
  expect(csvLine(['a', null, 3])).toBe('a,,3\r\n');
});
