import { createLogger } from '../common/logger.js';
import type { AppConfig } from '../config/app-config.js';
import { EXIT } from './exit-code.js';
import { explained } from './help.js';
import { listenFailure } from './listen-failure.js';
import { readConfig } from './read-config.js';
import { refuse } from './refuse.js';
import { storageFailure } from './storage-failure.js';

const HELP = `Usage: responses-proxy worker

Writes the records of every \`responses-proxy serve\` on the same Redis to the database. Configured by environment variables
alone: PROXY_REDIS_URL (required) and PROXY_DATABASE_URL, both as for serve; PROXY_WORKER_PORT opens /healthz, /readyz and
/metrics; README.md lists all. Also responses-proxy-worker. Without Redis there is no worker: serve writes by itself.

SIGTERM or SIGINT lets the batch under way end.
Exit codes: 0 stopped by a signal, 1 failed, 2 wrong command line, 78 wrong configuration.
`;

/** Resolves to null once the worker runs: from then on signals end the process. */
export async function workerCommand(args: readonly string[]): Promise<number | null> {
  if (explained(args, HELP)) return EXIT.ok;
  if (args.length > 0) return refuse(`worker takes no arguments.\n\n${HELP}`, EXIT.usage);
  // Whatever is written from here on holds prompts and answers, libraries' files included.
  process.umask(0o077);
  const config = readConfig();
  if (config === null) return EXIT.config;
  if (config.redisUrl === null) {
    process.stderr.write(
      'PROXY_REDIS_URL is not set, and a worker gets its work through Redis. Set it to the same server for the worker ' +
        'and for `responses-proxy serve`, or start only `serve`: without Redis it writes the history itself.\n',
    );
    return EXIT.config;
  }
  warnOfSqlite(config);
  try {
    const { work } = await import('../worker.js');
    await work(config);
    return null;
  } catch (e: unknown) {
    const address = {
      host: config.server.host,
      port: config.worker.port ?? 0,
      variable: 'PROXY_WORKER_PORT',
    };
    const message = listenFailure(e, address) ?? storageFailure(e, config);
    if (message === null) throw e;
    process.stderr.write(`${message}\n`);
    return EXIT.failed;
  }
}

function warnOfSqlite({ database, logLevel }: AppConfig): void {
  if (database.kind !== 'sqlite') return;
  createLogger(logLevel).warn(
    { event: 'worker.sqlite', file: database.path },
    'this worker writes to a SQLite file: every API process must use the same file, on the same machine; otherwise ' +
      'its history stays empty. Set PROXY_DATABASE_URL to share Postgres',
  );
}
