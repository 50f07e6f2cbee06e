import { EXIT } from '../exit-code.js';
import type { AdminClient } from './admin-client.js';
import { adminCommand, COMMON_HELP, countOf, type Asked } from './command.js';
import { duration, time, usd, words } from './format.js';
import { print, printJson } from './print.js';
import { REQUEST_COLUMNS } from './request-columns.js';
import type { AttemptRow, CandidateRow, RequestDetail, RequestRow } from './rows.js';
import { plain, table, type Column } from './table.js';

const HELP = `Usage: responses-proxy requests [options]
       responses-proxy requests REQUEST_ID [--json]

Requests, newest first; or one with its attempts and why it went where it went.

  --limit N            at most this many (default 20)
  --since WHEN         15m, 2h, 7d, an ISO time with zone, or epoch ms
  --session ID  --resource ID  --model NAME  --status CODE  --state STATE
${COMMON_HELP}`;

/** Also of the tail. */
export const REQUEST_FILTERS = {
  since: { type: 'string' },
  session: { type: 'string' },
  resource: { type: 'string' },
  model: { type: 'string' },
  status: { type: 'string' },
  state: { type: 'string' },
} as const;

export function requestFilter({ values }: Asked): Record<string, string | undefined> {
  const given = (name: string): string | undefined => values[name] as string | undefined;
  return {
    since: given('since'),
    session_id: given('session'),
    resource_id: given('resource'),
    model: given('model'),
    status_code: given('status'),
    state: given('state'),
  };
}

export const requestsCommand = adminCommand({
  help: HELP,
  words: 1,
  options: { ...REQUEST_FILTERS, limit: { type: 'string' } },
  async run(asked) {
    const { admin, values, words: named, json } = asked;
    if (named[0] !== undefined) return await detail(admin, named[0], json);
    const limit = countOf(values, 'limit', 20, 1_000_000);
    const rows: RequestRow[] = [];
    const list = admin.rows<RequestRow>('/admin/requests', 'requests', requestFilter(asked), limit);
    for await (const row of list) {
      // Long lists leave as they come; a table has to see them all first.
      if (json) printJson([row]);
      else rows.push(row);
    }
    if (!json) print(rows, REQUEST_COLUMNS, { json, none: 'No request matches.' });
    return EXIT.ok;
  },
});

const ATTEMPTS: readonly Column<AttemptRow>[] = [
  { title: 'attempt', right: true, value: (row) => String(row.n) },
  { title: 'resource', value: (row) => row.resource_id },
  { title: 'class', value: (row) => row.class },
  { title: 'status', right: true, value: (row) => words(row.status) },
  { title: 'took', right: true, value: (row) => duration(row.duration_ms) },
  { title: 'error', max: 120, value: (row) => row.error ?? '' },
];
const CANDIDATES: readonly Column<CandidateRow>[] = [
  { title: 'candidate', value: (row) => row.resource_id },
  { title: 'health', value: (row) => row.health },
  { title: 'in flight', right: true, value: (row) => String(row.in_flight) },
  { title: 'outcome', value: (row) => (row.chosen ? 'chosen' : words(row.rejected)) },
];

async function detail(admin: AdminClient, id: string, json: boolean): Promise<number> {
  const found = await admin.get<RequestDetail>(`/admin/requests/${encodeURIComponent(id)}`);
  if (json) printJson([found]);
  else process.stdout.write(`${detailText(found).join('\n')}\n`);
  return EXIT.ok;
}

function detailText({ request, attempts, decisions }: RequestDetail): string[] {
  const facts: (readonly [string, string])[] = [
    ['request', `${request.id}  ${words(request.method)} ${words(request.path)}`],
    ['state', `${request.state}, status ${words(request.status_code)}`],
    ['started', `${time(request.started_at)}, took ${duration(request.latency_ms)}`],
    ['model', words(request.model)],
    ['session', `${words(request.session_id)}  ${request.session_name ?? ''}`],
    ['caller', words(request.caller_id)],
    [
      'tokens',
      `${words(request.input_tokens)} in, ${words(request.cached_tokens)} of them cached, ${words(request.output_tokens)} out`,
    ],
    ['cost', usd(request.cost_usd)],
  ];
  if (request.error_code !== null)
    facts.push(['error', `${request.error_code}: ${request.error_message ?? ''}`]);
  const lines = facts.map(([name, value]) => `${name.padEnd(8)} ${plain(value).trimEnd()}`);
  if (attempts.length > 0) lines.push('', ...table(ATTEMPTS, attempts));
  for (const { n, class: how, retry_text } of attempts)
    if (how !== 'ok' && retry_text) lines.push(`After attempt ${n}: ${plain(retry_text)}`);
  for (const { attempt, explanation, candidates } of decisions)
    lines.push('', `Decision ${attempt}: ${plain(explanation)}`, ...table(CANDIDATES, candidates));
  return lines;
}
