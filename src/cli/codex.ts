import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { codexCommandLine, codexOverrides, codexToml } from '../common/codex-settings.js';
import { processEnvironment } from '../config/process-environment.js';
import { adminAddress } from './admin/admin-address.js';
import { CODEX_HELP, readCodexArguments, type CodexArguments } from './codex-arguments.js';
import { codexSelfTest } from './codex-self-test.js';
import { codexEnvironment } from './codex-environment.js';
import { EXIT } from './exit-code.js';
import { refuse } from './refuse.js';

const PATIENCE_MS = 5_000;
const INSTALL = 'npm install -g @openai/codex';

export async function codexCommand(args: readonly string[]): Promise<number> {
  if (args[0] === '--help' || args[0] === '-h') {
    process.stdout.write(CODEX_HELP);
    return EXIT.ok;
  }
  const environment = processEnvironment();
  const asked = readCodexArguments(args, environment, adminAddress(undefined, environment).url);
  if (typeof asked === 'string') return refuse(`${asked}\n\n${CODEX_HELP}`, EXIT.usage);
  if (asked.print) {
    process.stdout.write(asked.json ? printedJson(asked) : printed(asked));
    return EXIT.ok;
  }
  const problem = await unreachable(asked.baseUrl);
  if (problem !== null) return refuse(problem, EXIT.failed);
  const code = asked.selfTest ? await codexSelfTest(asked) : await run(asked);
  return code ?? refuse(`The Codex CLI is not on PATH, or may not be run: ${INSTALL}`, EXIT.failed);
}

function printed(asked: CodexArguments): string {
  return `${codexCommandLine(asked)}\n\n# or for good, in ~/.codex/config.toml:\n\n${codexToml(asked)}`;
}

function printedJson(asked: CodexArguments): string {
  const told = {
    base_url: asked.baseUrl,
    overrides: codexOverrides(asked),
    command: codexCommandLine(asked),
    toml: codexToml(asked),
  };
  return `${JSON.stringify(told)}\n`;
}

/** Codex would try for minutes before it says so. */
async function unreachable(baseUrl: string): Promise<string | null> {
  const url = baseUrl.replace(/\/v1$/, '');
  try {
    const answer = await fetch(`${url}/healthz`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: 'manual',
    });
    if (answer.ok) return null;
    return `${url}/healthz answers ${answer.status}: this is no running proxy. responses-proxy doctor says more.`;
  } catch (e: unknown) {
    const code = e instanceof Error ? (e.cause as { code?: string } | undefined)?.code : undefined;
    return `No proxy answers at ${url} (${code ?? 'no answer'}). Start it with responses-proxy serve, or name another with --url.`;
  }
}

/** Null where there is no Codex to run. */
async function run(asked: CodexArguments): Promise<number | null> {
  const overrides = codexOverrides(asked).flatMap((override) => ['-c', override]);
  const child = spawn('codex', [...overrides, ...asked.rest], {
    stdio: 'inherit',
    env: codexEnvironment(processEnvironment(), asked.keyVariable),
  });
  // A terminal tells both; Codex decides what an interrupt means, and this waits for it.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', pass);
  process.on('SIGHUP', pass);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (e: unknown) {
    const missing = e instanceof Error && 'code' in e && (e.code === 'ENOENT' || e.code === 'EACCES');
    if (!missing) throw e;
    return null;
  }
}
