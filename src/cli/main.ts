#!/usr/bin/env node
import { leaveEnvironmentOut } from '../common/diagnostic-report.js';
import { EXIT } from './exit-code.js';
import { HELP } from './help.js';

/** Gets the arguments after its name; resolves to an exit code, or to null to leave the process running. */
type Command = (args: readonly string[]) => Promise<number | null>;

/** Loaded on demand: `--help` needs neither Nest nor a database driver. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serveCommand,
  worker: async () => (await import('./worker.js')).workerCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
  codex: async () => (await import('./codex.js')).codexCommand,
  demo: async () => (await import('./demo.js')).demoCommand,
  'migrate-data': async () => (await import('./migrate-data.js')).migrateDataCommand,
  rewrap: async () => (await import('./rewrap.js')).rewrapCommand,
  requests: async () => (await import('./admin/requests.js')).requestsCommand,
  sessions: async () => (await import('./admin/sessions.js')).sessionsCommand,
  usage: async () => (await import('./admin/usage.js')).usageCommand,
  tail: async () => (await import('./admin/tail.js')).tailCommand,
  keys: async () => (await import('./admin/keys.js')).keysCommand,
  providers: async () => (await import('./admin/providers.js')).providersCommand,
  export: async () => (await import('./admin/export.js')).exportCommand,
  prune: async () => (await import('./prune.js')).pruneCommand,
  docs: async () => (await import('./docs.js')).docsCommand,
  '--version': async () => (await import('./version.js')).versionCommand,
};

/** These run on; a log reader that has gone is no reason to end. */
const RUNS_ON: ReadonlySet<string> = new Set(['serve', 'worker']);

/** `| head` closes the pipe: whoever reads has seen enough, and that is no failure. */
function endWithReader(): void {
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EPIPE') throw e;
    process.exit(EXIT.ok);
  });
}

async function main(argv: readonly string[]): Promise<number | null> {
  const [name = 'serve', ...args] = argv;
  // With a command before it, it is the command's own.
  if (['--help', '-h', 'help'].includes(name)) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  if (!RUNS_ON.has(name)) endWithReader();
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`Unknown command ${JSON.stringify(name)}.\n\n${HELP}`);
    return EXIT.usage;
  }
  return (await load())(args);
}

leaveEnvironmentOut();
try {
  const code = await main(process.argv.slice(2));
  // Commands that end have nothing left to wait for; open handles of a library must not keep them.
  if (code !== null) process.exit(code);
} catch (e: unknown) {
  const message = e instanceof Error ? e.message : String(e);
  if (e instanceof Error && e.stack !== undefined) process.stderr.write(`${e.stack}\n`);
  // The last line says why, in words; the stack above is for a bug report.
  process.stderr.write(`responses-proxy failed: ${message.replaceAll(/(?<!\s)\s*\n\s*/g, ' ')}\n`);
  process.exit(EXIT.failed);
}
