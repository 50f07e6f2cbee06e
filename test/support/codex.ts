import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BINARY = resolve(import.meta.dirname, '../../node_modules/.bin/codex');

export interface CodexRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly lastMessage: string;
  readonly threadId: string | null;
}

/** The real Codex CLI with a home, a working directory and an environment of its own. */
export class Codex {
  readonly home = mkdtempSync(join(tmpdir(), 'rpx-codex-'));
  readonly cwd = join(this.home, 'work');

  constructor(
    private readonly overrides: readonly string[],
    private readonly key = 'a-client-key',
  ) {
    mkdirSync(this.cwd);
    mkdirSync(join(this.home, 'codex'));
  }

  static available(): boolean {
    return existsSync(BINARY) && spawnSync(BINARY, ['--version'], { timeout: 20_000 }).status === 0;
  }

  /** A custom provider by separate `-c` overrides, as docs/codex.md shows it. */
  static customProvider(baseUrl: string): string[] {
    const provider = 'model_providers.pool';
    return [
      'model_provider="pool"',
      `${provider}.name="pool"`,
      `${provider}.base_url="${baseUrl}"`,
      `${provider}.wire_api="responses"`,
      `${provider}.env_key="POOL_KEY"`,
      `${provider}.request_max_retries=0`,
      `${provider}.stream_max_retries=0`,
    ];
  }

  /** `args` follow `codex exec`: a prompt, or `resume <id> <prompt>`, or `fork <id> <prompt>`. */
  exec(
    args: readonly string[],
    timeoutMs = 60_000,
    env: Readonly<Record<string, string>> = {},
  ): Promise<CodexRun> {
    const overrides = ['model="gpt-5.5"', 'model_reasoning_effort="low"', ...this.overrides];
    const flags = ['--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];
    const all = ['exec', ...flags, ...overrides.flatMap((o) => ['-c', o]), ...args];
    return new Promise((done, reject) => {
      const child = spawn(BINARY, all, {
        cwd: this.cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: this.home,
          CODEX_HOME: join(this.home, 'codex'),
          POOL_KEY: this.key,
          OPENAI_API_KEY: 'a-client-key',
          CODEX_API_KEY: 'a-client-key',
          NO_PROXY: '127.0.0.1,localhost',
          // Anything that is not the proxy fails at once instead of looking for a network.
          HTTPS_PROXY: 'http://127.0.0.1:9',
          ...env,
        },
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        done(summary(code, stdout, stderr));
      });
    });
  }

  /** Session files it has written. */
  sessions(): string[] {
    const root = join(this.home, 'codex', 'sessions');
    return existsSync(root)
      ? readdirSync(root, { recursive: true })
          .map(String)
          .filter((f) => f.endsWith('.jsonl'))
      : [];
  }

  dispose(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

function summary(code: number | null, stdout: string, stderr: string): CodexRun {
  const events = stdout.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
  const messages = events.flatMap((e) => {
    const item = e['item'] as { type?: string; text?: string } | undefined;
    return e['type'] === 'item.completed' && item?.type === 'agent_message' ? [item.text ?? ''] : [];
  });
  const started = events.find((e) => e['type'] === 'thread.started');
  return {
    code,
    stdout,
    stderr,
    events,
    lastMessage: messages.at(-1) ?? '',
    threadId: (started?.['thread_id'] as string | undefined) ?? null,
  };
}
