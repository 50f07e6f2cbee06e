import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { processEnvironment } from '../config/process-environment.js';
import { codexOverrides, PROVIDER, type CodexTarget } from '../common/codex-settings.js';
import { codexEnvironment } from './codex-environment.js';

const PROMPT = 'Reply with the single word ok.';
const LONGEST_MS = 180_000;
const MOST_BYTES = 4_194_304;
const MAX_SAID = 400;
/** Codex would ask 30 times before it says what is wrong. */
const NO_RETRIES = ['request', 'stream'].map((kind) => `model_providers.${PROVIDER}.${kind}_max_retries=0`);

/** What one turn of Codex came to. */
export interface CodexTurn {
  /** Null: it did not end by itself. */
  readonly exitCode: number | null;
  /** It is the session of what it sends. */
  readonly threadId: string | null;
  readonly answer: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Errors, in its own words; empty = none. */
  readonly said: string;
}

/** One turn in `home`, which knows nothing of the user's own settings. Null where there is no Codex to run. */
export async function codexTurn(
  target: CodexTarget,
  model: string | null,
  home: string,
  signal: AbortSignal,
): Promise<CodexTurn | null> {
  const [codexHome, cwd] = [join(home, 'codex'), join(home, 'work')];
  await Promise.all([mkdir(codexHome), mkdir(cwd)]);
  const overrides = [
    ...codexOverrides(target),
    ...NO_RETRIES,
    ...(model === null ? [] : [`model=${JSON.stringify(model)}`]),
  ];
  const settings = overrides.flatMap((override) => ['-c', override]);
  const flags = ['--json', '--skip-git-repo-check', '--sandbox', 'read-only'];
  const child = spawn('codex', ['exec', ...flags, ...settings, PROMPT], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...codexEnvironment(processEnvironment(), target.keyVariable), CODEX_HOME: codexHome },
    // By SIGTERM, which the script that npm puts before the real Codex passes on.
    signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      texts[name] = (texts[name] + chunk.toString()).slice(-MOST_BYTES);
    });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return turnOf(code, texts.stdout, texts.stderr);
  } catch (e: unknown) {
    const { code, name } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') return null;
    if (name !== 'AbortError') throw e;
    await once(child, 'close');
    return turnOf(null, texts.stdout, texts.stderr);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Out of what `codex exec --json` writes. */
export function turnOf(exitCode: number | null, stdout: string, stderr: string): CodexTurn {
  const events = stdout.split('\n').map(fieldsIn);
  const last = (type: string): Fields => events.findLast((event) => event['type'] === type) ?? {};
  const items = events.filter(({ type }) => type === 'item.completed').map(({ item }) => fieldsOf(item));
  const answer = items.findLast(({ type }) => type === 'agent_message')?.['text'];
  const usage = fieldsOf(last('turn.completed')['usage']);
  const errors = [fieldsOf(last('turn.failed')['error']), last('error')].map(({ message }) =>
    textOf(message),
  );
  const said = errors.find((one) => one !== null) ?? (exitCode === 0 ? '' : lastLine(stderr));
  return {
    exitCode,
    threadId: textOf(last('thread.started')['thread_id']),
    answer: textOf(answer),
    inputTokens: numberOf(usage['input_tokens']),
    outputTokens: numberOf(usage['output_tokens']),
    said: said.slice(0, MAX_SAID),
  };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function fieldsIn(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // Not every line is an event.
    return {};
  }
}
