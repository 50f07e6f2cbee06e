import { parseArgs } from 'node:util';
import type { RetentionConfig } from '../config/app-config.js';
import { time } from './admin/format.js';
import { EXIT } from './exit-code.js';
import { readConfig } from './read-config.js';
import { counted } from './transfer-output.js';
import { refuse } from './refuse.js';

const HELP = `Usage: responses-proxy prune [--dry-run] [--days N] [--body-days N] [--json]

Deletes now what is older than the PROXY_…RETENTION_DAYS allow. A running proxy does the same by itself every hour, and is
not disturbed by it: between two batches others have their turn. The audit of the registry is never deleted.

  --dry-run      says for each table how much would go, and from when on it stays; changes nothing
  --days N       for everything but bodies, instead of PROXY_RETENTION_DAYS and those of decisions, events, sessions and
                 usage
  --body-days N  instead of PROXY_BODY_RETENTION_DAYS
  --json         one JSON object: rows by table; with --dry-run {rows, before} by table, times in epoch ms

Exit codes: 0 done, 1 failed or not all of it done, 2 wrong command line, 78 wrong configuration, 130 stopped by a signal.
`;
type OldRows = Awaited<ReturnType<(typeof import('../prune.js'))['countOld']>>[string];

const EVERY_MS = 5_000;

interface PruneArguments {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly days: number | null;
  readonly bodyDays: number | null;
}

export async function pruneCommand(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  if (typeof asked === 'string') return refuse(`${asked}\n\n${HELP}`, EXIT.usage);
  if (asked.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const config = readConfig();
  if (config === null) return EXIT.config;
  const where = { database: config.database, retention: retentionOf(config.retention, asked) };
  const prune = await import('../prune.js');
  try {
    if (asked.dryRun) return tellDry(await prune.countOld(where), asked.json);
    let shownAt = performance.now();
    const { deleted, finished, unsummed } = await prune.pruneOld(
      where,
      ({ table, deleted: rows }) => {
        if (performance.now() - shownAt < EVERY_MS) return;
        shownAt = performance.now();
        process.stderr.write(`${table}: ${counted(rows)} deleted so far\n`);
      },
      (stop) => {
        process.once('SIGINT', stop);
        process.once('SIGTERM', stop);
      },
    );
    if (unsummed !== null) process.stderr.write(`${keptText(unsummed.error)}\n`);
    const code = unsummed === null ? EXIT.ok : EXIT.failed;
    return tell(
      deleted,
      finished ? 'Deleted' : 'Stopped; deleted',
      asked.json,
      finished ? code : EXIT.stopped,
    );
  } catch (e: unknown) {
    if (e instanceof Error && e.name === 'TransferError')
      return refuse(e.message.replace('the target ', ''), EXIT.failed);
    throw e;
  }
}

function keptText(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `Some hours could not be summed, so their requests stay: ${why}`;
}

function retentionOf(config: RetentionConfig, { days, bodyDays }: PruneArguments): RetentionConfig {
  const all =
    days === null ? {} : { days, decisionDays: days, eventDays: days, sessionDays: days, usageDays: days };
  return { ...config, ...all, bodyDays: bodyDays ?? config.bodyDays };
}

function readArguments(args: readonly string[]): PruneArguments | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'dry-run': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        days: { type: 'string' },
        'body-days': { type: 'string' },
      },
    });
    const { 'dry-run': dryRun = false, json = false, help = false } = values;
    const numbers = { days: values.days, bodyDays: values['body-days'] };
    for (const text of Object.values(numbers))
      if (text !== undefined && !/^\d{1,5}$/.test(text))
        return 'Days must be a whole number from 0 to 99999.';
    const day = (text: string | undefined): number | null => (text === undefined ? null : Number(text));
    return { dryRun, json, help, days: day(numbers.days), bodyDays: day(numbers.bodyDays) };
  } catch (e: unknown) {
    return e instanceof Error ? e.message : String(e);
  }
}

function tellDry(tables: Readonly<Record<string, OldRows>>, json: boolean): number {
  const lines = Object.entries(tables).map(
    ([name, { rows, before }]) => `  ${name}: ${counted(rows)} from before ${time(before)}`,
  );
  process.stdout.write(json ? `${JSON.stringify(tables)}\n` : `Would delete:\n${lines.join('\n')}\n`);
  return EXIT.ok;
}

function tell(rows: Readonly<Record<string, number>>, verb: string, json: boolean, code: number): number {
  if (json) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return code;
  }
  const lines = Object.entries(rows).filter(([, count]) => count > 0);
  const text = lines.map(([name, count]) => `  ${name}: ${counted(count)}`).join('\n');
  process.stdout.write(lines.length === 0 ? `${verb} nothing.\n` : `${verb}:\n${text}\n`);
  return code;
}
