import { EXIT } from '../exit-code.js';
import { adminCommand, COMMON_HELP, countOf } from './command.js';
import { count, percent, time, usd, words } from './format.js';
import { print, printJson } from './print.js';
import { REQUEST_COLUMNS } from './request-columns.js';
import type { SessionDetail, SessionRow } from './rows.js';
import type { Column } from './table.js';

const HELP = `Usage: responses-proxy sessions [--limit N]
       responses-proxy sessions SESSION_ID

Sessions, last seen first, with tokens, cache and cost; or one with its requests, its sub-agents and the keys it used.

  --limit N     at most this many (default 20)
${COMMON_HELP}`;

const COLUMNS: readonly Column<SessionRow>[] = [
  { title: 'last seen', value: (row) => time(row.last_seen_at) },
  { title: 'session', value: (row) => row.id },
  { title: 'name', max: 32, value: (row) => words(row.name) },
  { title: 'caller', max: 36, value: (row) => row.caller_id },
  { title: 'resource', value: (row) => words(row.last_resource_id) },
  { title: 'requests', right: true, value: (row) => count(row.request_count) },
  { title: 'failed', right: true, value: (row) => count(row.failed_requests) },
  { title: 'in', right: true, value: (row) => count(row.input_tokens) },
  { title: 'cache', right: true, value: (row) => percent(row.cache_hit_rate) },
  { title: 'out', right: true, value: (row) => count(row.output_tokens) },
  { title: 'cost', right: true, value: (row) => usd(row.cost_usd) },
];

export const sessionsCommand = adminCommand({
  help: HELP,
  words: 1,
  options: { limit: { type: 'string' } },
  async run({ admin, values, words: [id], json }) {
    if (id === undefined) {
      const rows: SessionRow[] = [];
      const limit = countOf(values, 'limit', 20, 1_000_000);
      for await (const row of admin.rows<SessionRow>('/admin/sessions', 'sessions', {}, limit))
        rows.push(row);
      print(rows, COLUMNS, { json, none: 'No session yet.' });
      return EXIT.ok;
    }
    const found = await admin.get<SessionDetail>(`/admin/sessions/${encodeURIComponent(id)}`);
    if (json) {
      printJson([found]);
      return EXIT.ok;
    }
    print([found.session], COLUMNS, { json, none: '' });
    const used = found.resources.map((resource) => `${resource.resource_id} (${resource.requests})`);
    process.stdout.write(`\nServed by ${used.join(', ') || 'nobody'}; ${found.moves} moves.\n\n`);
    const children = found.children ?? [];
    if (children.length > 0) {
      process.stdout.write('Sub-agents with sessions of their own:\n');
      print(children, COLUMNS, { json, none: '' });
      process.stdout.write('\n');
    }
    print(found.requests, REQUEST_COLUMNS, { json, none: 'Its requests have been pruned.' });
    return EXIT.ok;
  },
});
