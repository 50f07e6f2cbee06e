export const HELP = `Usage: responses-proxy [command]

  serve                     the proxy (default); configured by environment variables, see README.md
  worker                    writes the records of every serve to the database; needs PROXY_REDIS_URL
  doctor [--json] [--url URL]
                            what is wrong, why, and what to do about it; --help says more
  codex [ARGS]              runs Codex through the proxy; --print shows the settings
  demo [--requests N] [--json]
                            a stand-in upstream and some traffic, to see the dashboard without a key
  migrate-data [--from URL] [--to URL] [--dry-run]
                            moves the history from SQLite to Postgres; --help says more
  rewrap [--json]           moves stored secrets to the current encryption key; --help says more

Asking a running proxy (each explains itself with --help, and writes JSON with --json):
  requests [ID]             the last requests, or one with its attempts and the reasons for its way
  tail                      requests as they begin and end, until stopped
  sessions [ID]             conversations with tokens, cached share, cost and the keys they used
  usage [--by GROUP]        totals by model, resource, session, key or hour
  keys [list|create|revoke] client keys
  providers                 registered providers, and why one gets no traffic
  export WHAT               requests, sessions, decisions or usage as NDJSON or CSV

  prune [--dry-run]         deletes history older than PROXY_RETENTION_DAYS now
  docs env|errors           the table of environment variables, or what each error code means; --write FILE
                            puts it into FILE, --check FILE fails when FILE is out of date
  --help, --version

Exit codes: 0 done, 1 failed, 2 wrong command line, 78 wrong configuration.
`;

/** Explains a command where that is asked for; false when it is not. */
export function explained(args: readonly string[], help: string): boolean {
  const asked = args.some((one) => one === '--help' || one === '-h');
  if (asked) process.stdout.write(help);
  return asked;
}
