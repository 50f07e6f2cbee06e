import { setTimeout as wait } from 'node:timers/promises';
import type { Query } from './admin-client.js';
import { AdminFailure } from './admin-failure.js';
import { adminCommand, COMMON_HELP, countOf, type Asked } from './command.js';
import { printJson } from './print.js';
import { REQUEST_COLUMNS } from './request-columns.js';
import { RequestFollower } from './request-follower.js';
import { REQUEST_FILTERS, requestFilter } from './requests.js';
import type { RequestRow } from './rows.js';
import { line } from './table.js';
import { firstRound, newestOf, nextRound } from './tail-round.js';

const HELP = `Usage: responses-proxy tail [options]

Follows requests of all replicas, until it is stopped: a line when one is seen to run (in_progress), and one when it has ended.

  --lines N     begin with the last N (default 10)
  --ended-only  no lines for requests that run
  --session ID  --resource ID  --model NAME  --status CODE  --state STATE
${COMMON_HELP}`;

const EVERY_MS = 1_000;
const MOST_LINES = 500;

const { since: _, ...FILTERS } = REQUEST_FILTERS;

export const tailCommand = adminCommand({
  help: HELP,
  words: 0,
  options: { ...FILTERS, lines: { type: 'string' }, 'ended-only': { type: 'boolean' } },
  async run(asked) {
    const lines = countOf(asked.values, 'lines', 10, MOST_LINES);
    const filter = requestFilter(asked);
    // What serves a running request, and how it ends, is not known while it runs.
    const lasting = { session_id: filter['session_id'], model: filter['model'] };
    const newest = await newestOf(asked.admin, lasting);
    const follower = new RequestFollower(newest, asked.values['ended-only'] === true);
    show(asked, (await firstRound(asked.admin, follower, filter, lasting)).slice(-lines));
    return await follow(asked, follower, lasting);
  },
});

async function follow(asked: Asked, follower: RequestFollower, lasting: Query): Promise<never> {
  const wanted = matching(asked);
  for (let answering = true; ; await wait(EVERY_MS)) {
    try {
      show(asked, (await nextRound(asked.admin, follower, lasting)).filter(wanted));
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

/** As the server filters. */
function matching(asked: Asked): (row: RequestRow) => boolean {
  const given = Object.entries(requestFilter(asked)).filter(([, value]) => value !== undefined);
  return (row) => given.every(([field, value]) => String(row[field as keyof RequestRow]) === value);
}

function show({ json }: Asked, rows: readonly RequestRow[]): void {
  if (json) printJson(rows);
  else for (const row of rows) process.stdout.write(`${line(REQUEST_COLUMNS, row)}\n`);
}
