import { Member } from '../cluster/member.js';
import { createLogger } from '../common/logger.js';
import type { AppConfig } from '../config/app-config.js';
import { ConfigError } from '../config/config-error.js';
import { announce } from './announce.js';
import { EXIT } from './exit-code.js';
import { explained } from './help.js';
import { listenFailure } from './listen-failure.js';
import { readConfig } from './read-config.js';
import { refuse } from './refuse.js';
import { storageFailure } from './storage-failure.js';

const HELP = `Usage: responses-proxy serve

Runs the proxy: /v1 for clients, the dashboard on /, the admin routes below /admin. Configured by environment variables
alone: PORT (8000), HOST (127.0.0.1), OPENAI_API_KEY or OPENAI_API_KEYS, PROXY_DATA_DIR (./data), PROXY_DATABASE_URL,
PROXY_REDIS_URL, PROXY_ADMIN_TOKEN, …; README.md lists all. Also what runs when no command is named.

SIGTERM or SIGINT drains: open answers end, then the process does. A second signal ends it at once.
Exit codes: 0 stopped by a signal, 1 failed, 2 wrong command line, 78 wrong configuration.
`;

/** Resolves to null once the server listens: from then on signals end the process. */
export async function serveCommand(args: readonly string[]): Promise<number | null> {
  if (explained(args, HELP)) return EXIT.ok;
  if (args.length > 0) return refuse(`serve takes no arguments.\n\n${HELP}`, EXIT.usage);
  // Whatever is written from here on holds prompts and answers, libraries' files included.
  process.umask(0o077);
  const member = Member.current();
  // The primary has said already what looks like a mistake.
  const config = readConfig({ warn: member === null });
  if (config === null) return EXIT.config;
  return member === null && config.processes > 1 ? startAll(config) : startOne(config, member);
}

/** Resolves to the exit code when all have ended. */
async function startAll(config: AppConfig): Promise<number> {
  const { Primary } = await import('../cluster/primary.js');
  const logger = createLogger(config.logLevel);
  const primary = new Primary(config.processes, logger, (resources) => announce(config, logger, resources));
  return primary.run();
}

async function startOne(config: AppConfig, member: Member | null): Promise<number | null> {
  const logger = createLogger(config.logLevel);
  try {
    // Nest and its adapters are loaded only for a configuration that can be used.
    const { serve } = await import('../main.js');
    const resources = await serve(config, logger, member);
    if (member === null) announce(config, logger, resources);
    else member.up(resources);
    return null;
  } catch (e: unknown) {
    if (e instanceof ConfigError) {
      process.stderr.write(`${e.message}\n`);
      return EXIT.config;
    }
    const message = listenFailure(e, config.server) ?? storageFailure(e, config);
    if (message === null) throw e;
    process.stderr.write(`${message}\n`);
    return EXIT.failed;
  }
}
