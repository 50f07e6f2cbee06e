// `node bench/compare.mjs OLD NEW [--limit 1.15] [--times]`: two summaries next to each other. Ends with 1 when a figure
// of the new one is more than `limit` times the old.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compareSummaries } from './summaries.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { limit: { type: 'string', default: '1.15' }, times: { type: 'boolean', default: false } },
});
const limit = Number(values.limit);
if (positionals.length !== 2 || !(limit > 0)) {
  console.error('usage: node bench/compare.mjs OLD NEW [--limit 1.15] [--times]');
  process.exit(2);
}
const [before, now] = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const rows = compareSummaries(before, now, { limit, times: values.times });
const fixed = (value) => (value === null ? '–' : value.toFixed(2));
console.table(
  rows.map(({ scenario, contender, figure, worse, ...row }) => ({
    scenario,
    contender,
    figure,
    old: fixed(row.old),
    new: fixed(row.new),
    change: fixed(row.change),
    '': worse ? 'WORSE' : '',
  })),
);
const worse = rows.filter((row) => row.worse).length;
const judged = rows.filter(({ old, new: is }) => old !== null && is !== null).length;
console.log(`${judged} figures in both, ${worse} worse by more than ${limit} times`);
process.exit(worse > 0 || judged === 0 ? 1 : 0);
