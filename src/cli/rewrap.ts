import { EXIT } from './exit-code.js';
import { readConfig } from './read-config.js';
import { counted, TransferOutput } from './transfer-output.js';
import { refuse } from './refuse.js';

type Report = NonNullable<Awaited<ReturnType<(typeof import('../rewrap.js'))['rewrapSecrets']>>>;

const NAMED = 10;

export const REWRAP_HELP = `Usage: responses-proxy rewrap [--json]

Encrypts every stored secret with PROXY_SECRET_ENCRYPTION_KEY that is still under another key, and reads those with
PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS. To change the key without a failed request:

  1. Give every replica the new key, and the old one as PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS, and restart one after another.
  2. Run this once with the same two variables. It may be interrupted and run again at any time.
  3. Take PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS away.

  --json   the result as one JSON object on standard output

Exit codes: 0 every secret is under the current key, 1 failed or some cannot be opened (some are named), 2 wrong command
line, 78 wrong configuration, 130 stopped by a signal (run it again to go on).
`;

export async function rewrapCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(REWRAP_HELP);
    return EXIT.ok;
  }
  const unknown = args.find((argument) => argument !== '--json');
  if (unknown !== undefined)
    return refuse(`Unknown argument ${JSON.stringify(unknown)}.\n\n${REWRAP_HELP}`, EXIT.usage);
  process.umask(0o077);
  const config = readConfig();
  if (config === null) return EXIT.config;
  const { rewrapSecrets } = await import('../rewrap.js');
  const output = new TransferOutput(process.stderr);
  const onProgress = (rows: number, total: number): void =>
    output.progress({ table: 'secrets', rows, total });
  try {
    const report = await rewrapSecrets(config, onProgress, onSignals);
    output.line('');
    if (report === null)
      return refuse('PROXY_SECRET_ENCRYPTION_KEY is not set: there is no key to move to.', EXIT.config);
    tell(report, args.includes('--json'));
    if (report.unreadable.length > 0) return EXIT.failed;
    return report.finished ? EXIT.ok : EXIT.stopped;
  } catch (e: unknown) {
    if (e instanceof Error && e.name === 'RewrapError') return refuse(e.message, EXIT.failed);
    throw e;
  }
}

function onSignals(stop: () => void): void {
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function tell({ finished, rewrapped, current, unreadable }: Report, json: boolean): void {
  const more = unreadable.length > NAMED ? [`… and ${unreadable.length - NAMED} more.`] : [];
  for (const line of [...unreadable.slice(0, NAMED), ...more]) process.stderr.write(`${line}\n`);
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ finished, rewrapped, current, unreadable: unreadable.length })}\n`,
    );
    return;
  }
  const stopped = finished ? '' : ' Stopped: run it again to go on.';
  process.stdout.write(
    `${counted(rewrapped, 'secret')} moved to the current key, ${current} under it already, ${unreadable.length} that cannot be opened.${stopped}\n`,
  );
}
