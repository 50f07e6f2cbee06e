import type { DatabaseConfig } from '../config/app-config.js';
import { ConfigError } from '../config/config-error.js';
import { databaseFromUrl, shownDatabase } from '../config/database-url.js';
import { loadConfig } from '../config/load-config.js';
import { processEnvironment } from '../config/process-environment.js';
import { EXIT } from './exit-code.js';
import { MIGRATE_DATA_HELP, readArguments } from './migrate-data-arguments.js';
import { packageVersion } from './package-version.js';
import { counted, TransferOutput } from './transfer-output.js';
import { refuse } from './refuse.js';

type Report = Awaited<ReturnType<(typeof import('../migrate-data.js'))['migrateData']>>;

/** Of each kind, the rows that are named one by one. */
const NAMED = 10;

export async function migrateDataCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(MIGRATE_DATA_HELP);
    return EXIT.ok;
  }
  const asked = readArguments(args);
  if (typeof asked === 'string') return refuse(`${asked}\n\n${MIGRATE_DATA_HELP}`, EXIT.usage);
  // A SQLite target holds what users sent.
  process.umask(0o077);
  try {
    const from = databaseOf('--from', asked.from);
    const to = databaseOf('--to', asked.to);
    if (typeof from === 'string') return refuse(from, EXIT.usage);
    if (typeof to === 'string') return refuse(to, EXIT.usage);
    return asked.dryRun ? await dryRun(from, to, asked.json) : await move(from, to, asked.json);
  } catch (e: unknown) {
    if (e instanceof ConfigError) return refuse(e.message, EXIT.config);
    if (e instanceof Error && e.name === 'TransferError') return refuse(e.message, EXIT.failed);
    throw e;
  }
}

/** The database of an option, or of the environment without it; a text when there is none. */
function databaseOf(option: '--from' | '--to', url: string | null): DatabaseConfig | string {
  if (url !== null) {
    const accepted = 'sqlite:////absolute/file, sqlite:///./relative/file or postgres://user@host/database';
    // Not repeated: it may hold a password.
    return databaseFromUrl(url, option) ?? `${option} is no database URL. Accepted: ${accepted}.`;
  }
  const environment = processEnvironment();
  if (option === '--to') {
    const { database } = loadConfig(environment, packageVersion());
    return database.kind === 'postgres' ? database : 'Where to? Give --to URL or set PROXY_DATABASE_URL.';
  }
  const postgres = { PROXY_DATABASE_URL: '', SERVICE_DATABASE_URL: '', DATABASE_URL: '' };
  return loadConfig({ ...environment, ...postgres }, packageVersion()).database;
}

async function dryRun(from: DatabaseConfig, to: DatabaseConfig, json: boolean): Promise<number> {
  const { countData } = await import('../migrate-data.js');
  const counts = await countData(from);
  if (json) return printed({ tables: Object.fromEntries(counts) }, EXIT.ok);
  const lines = [...counts].map(([table, rows]) => `  ${table}: ${counted(rows)}`);
  const total = [...counts.values()].reduce((sum, rows) => sum + rows, 0);
  process.stdout.write(
    `Would move ${counted(total)} from ${shownDatabase(from)} to ${shownDatabase(to)}:\n${lines.join('\n')}\n` +
      'Nothing was written; the target was not asked.\n',
  );
  return EXIT.ok;
}

/** One object for programs; the exit code says the same as without it. */
function printed(result: object, code: number): number {
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return code;
}

async function move(from: DatabaseConfig, to: DatabaseConfig, json: boolean): Promise<number> {
  const { migrateData } = await import('../migrate-data.js');
  const output = new TransferOutput(json ? process.stderr : process.stdout);
  output.line(`Moving ${shownDatabase(from)} to ${shownDatabase(to)}. The source is only read.`);
  const started = performance.now();
  const report = await migrateData({ from, to }, (progress) => output.progress(progress), onSignals);
  output.line('');
  const code = tell(report, output, (performance.now() - started) / 1000);
  return json ? printed(summary(report), code) : code;
}

function summary({ finished, resumed, grown, tables }: Report): object {
  const counts = tables.map(({ table, rows, inTarget, refused, different }) => [
    table,
    { rows, in_target: inTarget, refused: refused.length, different: different.length },
  ]);
  return { finished, resumed, grown, tables: Object.fromEntries(counts) as object };
}

function onSignals(stop: () => void): void {
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function tell(report: Report, output: TransferOutput, seconds: number): number {
  if (!report.finished)
    return refuse('Stopped. Run the same command again to go on from here.', EXIT.stopped);
  if (report.resumed)
    output.line('Went on where an earlier run had stopped, and looked through what that one had moved.');
  const problems = report.tables.flatMap(problemsOf);
  for (const { table, rows, inTarget } of report.tables)
    output.line(`  ${table}: ${counted(rows)} moved and compared, ${counted(inTarget)} there`);
  const total = report.tables.reduce((sum, { rows }) => sum + rows, 0);
  if (report.grown > 0)
    problems.push(
      `The source has got ${counted(report.grown)} since this began: stop the proxy that writes them and run this again.`,
    );
  if (problems.length > 0) return refuse(problems.join('\n'), EXIT.failed);
  output.line(`Done: ${counted(total)} in ${seconds.toFixed(1)} s (${Math.round(total / seconds)} rows/s).`);
  return EXIT.ok;
}

function problemsOf({ table, rows, inTarget, refused, different }: Report['tables'][number]): string[] {
  const problems: string[] = [];
  if (refused.length > 0)
    problems.push(`${table}: the target refused ${counted(refused.length)}: ${listed(refused)}`);
  if (different.length > 0)
    problems.push(
      `${table}: ${counted(different.length)} with other content in the target, which was kept: ${listed(different)}`,
    );
  if (inTarget < rows - refused.length)
    problems.push(
      `${table}: ${counted(rows)} moved, but the target has ${counted(inTarget)}: something deletes there. Run this again.`,
    );
  return problems;
}

function listed(all: readonly string[]): string {
  const more = all.length > NAMED ? `, and ${all.length - NAMED} more` : '';
  return `${all.slice(0, NAMED).join(', ')}${more}`;
}
