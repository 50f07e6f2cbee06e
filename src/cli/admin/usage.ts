import { EXIT } from '../exit-code.js';
import { adminCommand, COMMON_HELP } from './command.js';
import { count, percent, time, usd, words } from './format.js';
import { print } from './print.js';
import type { UsageRow } from './rows.js';
import type { Column } from './table.js';

const HELP = `Usage: responses-proxy usage [--by model|resource|session|key|hour] [--since WHEN]

Requests, tokens, cached share and cost, summed.

  --by GROUP    default model
  --since WHEN  15m, 2h, 7d, an ISO time with zone, or epoch ms (default: everything that is kept)
${COMMON_HELP}`;

const columns = (by: string): readonly Column<UsageRow>[] => [
  {
    title: by,
    max: 48,
    value: ({ group }) => (by === 'hour' && typeof group === 'number' ? time(group) : words(group)),
  },
  { title: 'requests', right: true, value: (row) => count(row.requests) },
  { title: 'failed', right: true, value: (row) => count(row.failed) },
  { title: 'in', right: true, value: (row) => count(row.input_tokens) },
  { title: 'cached', right: true, value: (row) => percent(row.cache_hit_rate) },
  { title: 'out', right: true, value: (row) => count(row.output_tokens) },
  { title: 'cost', right: true, value: (row) => usd(row.cost_usd) },
  { title: 'unpriced', right: true, value: (row) => count(row.unpriced_requests) },
];

export const usageCommand = adminCommand({
  help: HELP,
  words: 0,
  options: { by: { type: 'string' }, since: { type: 'string' } },
  async run({ admin, values, json }) {
    const by = (values['by'] as string | undefined) ?? 'model';
    const query = { group_by: by, since: values['since'] as string | undefined };
    const { usage, truncated } = await admin.get<{ usage: UsageRow[]; truncated?: boolean }>(
      '/admin/usage',
      query,
    );
    print(usage, columns(by), { json, none: 'Nothing was used.' });
    if (truncated === true)
      process.stderr.write(`These are the first ${usage.length} only; \`export usage\` has all.\n`);
    return EXIT.ok;
  },
});
