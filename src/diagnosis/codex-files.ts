import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readCodexConfig, type CodexSurroundings } from './codex-config.js';
import type { CodexFileFacts } from './facts.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where Codex looks: of the user, of the project and of the machine. */
export function codexFiles(
  environment: Environment,
  cwd: string,
  around: CodexSurroundings,
): CodexFileFacts[] {
  const home = environment['CODEX_HOME'] ?? join(environment['HOME'] ?? homedir(), '.codex');
  const paths = [join(home, 'config.toml'), resolve(cwd, '.codex/config.toml'), '/etc/codex/config.toml'];
  return [...new Set(paths)].filter((path) => existsSync(path)).map((path) => read(path, around));
}

function read(path: string, around: CodexSurroundings): CodexFileFacts {
  try {
    return readCodexConfig(path, readFileSync(path, 'utf8'), around);
  } catch (e: unknown) {
    const code = e instanceof Error && 'code' in e ? String(e.code) : 'unreadable';
    const problem = { kind: 'unreadable', line: null, text: code } as const;
    return { path, problems: [problem], provider: null, baseUrl: null, pointsHere: false };
  }
}
