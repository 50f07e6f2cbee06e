/** What a spreadsheet would run as a formula when it stands first in a cell. */
const FORMULA = /^[=+\-@\t\r\n|＝＋－＠]/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/;
/** Also what separates cells where a comma does not: the rest of a bare cell would be one of its own, and run. */
const QUOTED = /[",;\t\r\n]/;

/**
 * One cell after RFC 4180. Text that a spreadsheet would run gets a quote mark in front, which it shows as text; numbers
 * stay numbers. Null is an empty cell, objects are JSON.
 */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}
