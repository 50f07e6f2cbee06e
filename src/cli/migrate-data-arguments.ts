export const MIGRATE_DATA_HELP = `Usage: responses-proxy migrate-data [--from URL] [--to URL] [--dry-run] [--json]

Moves the whole history, and everything else in the database, from SQLite to Postgres (or back).

  --from URL   sqlite:////absolute/file, sqlite:///./relative/file or postgres://…
               (default: the SQLite file that serve uses: PROXY_SQLITE_URL, else PROXY_DATA_DIR)
  --to URL     postgres://… or sqlite:///… (default: PROXY_DATABASE_URL; there its password is not in
               the list of processes)
  --dry-run    says what would be moved
  --json       the result as one JSON object on standard output, everything else on standard error

Stop the proxy first: what it writes after this command has begun is not moved by it. The source is only read. What
was interrupted goes on where it was when it is run again; once it is over, running it again moves what is new. Rows
the target has already are merged, never doubled.

Exit codes: 0 everything is there and was compared, 1 failed or something is missing (the last line says what),
2 wrong command line, 78 wrong configuration, 130 stopped by a signal (run it again to go on).
`;

export interface MigrateDataArguments {
  readonly from: string | null;
  readonly to: string | null;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What was asked for, or what is wrong with it. */
export function readArguments(args: readonly string[]): MigrateDataArguments | string {
  const given: Record<'from' | 'to', string | null> = { from: null, to: null };
  let [dryRun, json] = [false, false];
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = (args[i] ?? '').split(/=(.*)/s);
    if (name === '--dry-run') dryRun = true;
    else if (name === '--json') json = true;
    else if (name === '--from' || name === '--to') {
      const value = inline ?? args[++i];
      if (value === undefined || value === '') return `${name} wants a URL.`;
      given[name === '--from' ? 'from' : 'to'] = value;
    } else return `Unknown argument ${JSON.stringify(name)}.`;
  }
  return { ...given, dryRun, json };
}
