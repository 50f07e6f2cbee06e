import { setTimeout as wait } from 'node:timers/promises';
import type { AdminClient } from './admin-client.js';
import { AdminFailure } from './admin-failure.js';
import { adminCommand, COMMON_HELP, countOf, type Asked } from './command.js';
import { printJson } from './print.js';
import { REQUEST_COLUMNS } from './request-columns.js';
import { RequestFollower } from './request-follower.js';
import type { RequestDetail, RequestRow } from './rows.js';
import { line } from './table.js';

const HELP = `Usage: responses-proxy tail [options]

Follows requests of all replicas as they end, until it is stopped.

  --lines N     begin with the last N (default 10)
  --session ID  --resource ID  --model NAME  --status CODE  --state STATE
${COMMON_HELP}`;

const EVERY_MS = 1_000;
const FIRST_PAGE = 500;
const ENOUGH = 10_000;

export const tailCommand = adminCommand({
  help: HELP,
  words: 0,
  options: {
    lines: { type: 'string' },
    session: { type: 'string' },
    resource: { type: 'string' },
    model: { type: 'string' },
    status: { type: 'string' },
    state: { type: 'string' },
  },
  async run(asked) {
    const lines = countOf(asked.values, 'lines', 10, FIRST_PAGE);
    const { requests } = await asked.admin.get<{ requests: RequestRow[] }>('/admin/requests', {
      limit: FIRST_PAGE,
    });
    const follower = new RequestFollower(requests.at(-1)?.started_at ?? 0);
    show(asked, follower.news(requests).filter(matching(asked)).slice(-lines));
    return await follow(asked, follower);
  },
});

async function follow(asked: Asked, follower: RequestFollower): Promise<never> {
  for (let answering = true; ; await wait(EVERY_MS)) {
    try {
      show(asked, (await read(asked.admin, follower)).filter(matching(asked)));
      if (!answering) process.stderr.write('It answers again.\n');
      answering = true;
    } catch (e: unknown) {
      if (!(e instanceof AdminFailure)) throw e;
      // A restart must not end it; that it waits is said once.
      if (answering) process.stderr.write(`${e.message} Waiting.\n`);
      answering = false;
    }
  }
}

async function read(admin: AdminClient, follower: RequestFollower): Promise<RequestRow[]> {
  const rows: RequestRow[] = [];
  const since = Math.max(0, follower.since);
  for await (const row of admin.rows<RequestRow>('/admin/requests', 'requests', { since }, ENOUGH))
    rows.push(row);
  for (const id of follower.leftBehind) {
    const found = await detailOf(admin, id);
    if (found === null) follower.forget(id);
    else rows.push(found.request);
  }
  return follower.news(rows);
}

/** Null when it has been pruned. */
async function detailOf(admin: AdminClient, id: string): Promise<RequestDetail | null> {
  try {
    return await admin.get<RequestDetail>(`/admin/requests/${id}`);
  } catch (e: unknown) {
    if (e instanceof AdminFailure && e.status === 404) return null;
    throw e;
  }
}

/** Here and not in the query: what serves a running request, and how it ends, is not known while it runs. */
function matching({ values }: Asked): (row: RequestRow) => boolean {
  const wanted: readonly (readonly [keyof RequestRow, unknown])[] = [
    ['session_id', values['session']],
    ['resource_id', values['resource']],
    ['model', values['model']],
    ['status_code', values['status']],
    ['state', values['state']],
  ];
  const asked = wanted.filter(([, value]) => value !== undefined);
  return (row) => asked.every(([field, value]) => String(row[field]) === value);
}

function show({ json }: Asked, rows: readonly RequestRow[]): void {
  if (json) printJson(rows);
  else for (const row of rows) process.stdout.write(`${line(REQUEST_COLUMNS, row)}\n`);
}
