import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';
import type { FakeUpstream } from './fake-upstream.js';
import { freePort } from './free-port.js';
import { leaksIn, secretsOf } from './leaks.js';
import { told } from './told-secrets.js';
import { until } from './until.js';

const ENTRY = resolve(import.meta.dirname, '../../dist/cli/main.js');
const started = new Set<ProxyProcess>();

// A test that fails half way leaves its own proxy behind: it ends with the file. The second is for workers that end early.
afterAll(() => ProxyProcess.stopAll());
process.once('exit', () => {
  for (const proxy of started) proxy.killNow();
});

export interface ProxyOptions {
  readonly upstream?: FakeUpstream | string;
  readonly keys?: readonly string[];
  /** `undefined` as a value removes a default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Kept when given; a fresh temporary one is removed with the process. */
  readonly dataDir?: string;
  readonly port?: number;
  /** `false` for processes that are expected not to start. */
  readonly wait?: boolean;
  readonly nodeFlags?: readonly string[];
  readonly args?: readonly string[];
  /** Another build than the one of this checkout. */
  readonly entry?: string;
}

export interface ProxyState {
  readonly in_flight: number;
  readonly queue_depth: number;
  readonly affinity_count: number;
  readonly resources: readonly (Readonly<Record<string, unknown>> & { readonly id: string })[];
}

/** The built product as its own process, with an environment of its own and nothing inherited. */
export class ProxyProcess {
  readonly lines: string[] = [];
  #child: ChildProcess | null = null;
  #exit: Promise<number | NodeJS.Signals> = Promise.resolve(0);

  private constructor(
    readonly port: number,
    readonly dataDir: string,
    private options: ProxyOptions,
  ) {}

  static async start(options: ProxyOptions): Promise<ProxyProcess> {
    if (options.entry === undefined && !existsSync(ENTRY))
      throw new Error(`${ENTRY} is missing: run npm run build first`);
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'rpx-e2e-'));
    const proxy = new ProxyProcess(options.port ?? (await freePort()), dataDir, options);
    started.add(proxy);
    await proxy.#launch();
    return proxy;
  }

  /** For `afterAll`: whatever is still there goes, with its temporary directory. */
  static async stopAll(): Promise<void> {
    await Promise.all([...started].map((proxy) => proxy.dispose()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Base URL for clients. */
  get v1(): string {
    return `${this.url}/v1`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the proxy is not running');
    return pid;
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Exit code, or the signal that ended it. */
  get exited(): Promise<number | NodeJS.Signals> {
    return this.#exit;
  }

  /** Parsed JSON log lines; anything else is left out. */
  get logs(): Record<string, unknown>[] {
    return this.lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
  }

  get output(): string {
    return this.lines.join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  killNow(): void {
    this.#child?.kill('SIGKILL');
  }

  async kill9(): Promise<void> {
    this.killNow();
    await this.#exit;
  }

  /** SIGTERM and wait; SIGKILL after the limit, which then shows in the returned value. */
  async stop(limitMs = 20_000): Promise<number | NodeJS.Signals> {
    if (!this.running) return this.#exit;
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.killNow(), limitMs);
    const code = await this.#exit;
    clearTimeout(timer);
    return code;
  }

  /** Same port, same data, possibly other variables. */
  async restart(change: Partial<ProxyOptions> = {}): Promise<void> {
    if (this.running) await this.stop();
    this.options = { ...this.options, ...change, env: { ...this.options.env, ...change.env } };
    await this.#launch();
  }

  async dispose(): Promise<void> {
    started.delete(this);
    if (this.running) await this.kill9();
    const leaks = this.options.entry === undefined ? this.leaks() : [];
    if (this.options.dataDir === undefined) rmSync(this.dataDir, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`the proxy has told a secret:\n${leaks.join('\n')}`);
  }

  /** Where it has written down what it, or another of its file, was told in confidence. Looked at when it is gone. */
  leaks(): string[] {
    return leaksIn(told.all(), this.lines, this.dataDir);
  }

  async admin<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 400)}`);
    return JSON.parse(text) as T;
  }

  state(): Promise<ProxyState> {
    return this.admin<ProxyState>('/admin/state');
  }

  /** In-flight back to nothing: what every test of an ending asks for. */
  idle(timeoutMs = 2_000): Promise<ProxyState> {
    return until(
      () => this.state(),
      (s) => s.in_flight === 0,
      { timeoutMs, what: 'in_flight 0' },
    );
  }

  /** Resident set in MB. */
  rssMb(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  }

  async #launch(): Promise<void> {
    const child = spawn(
      process.execPath,
      [...(this.options.nodeFlags ?? []), this.options.entry ?? ENTRY, ...(this.options.args ?? ['serve'])],
      { cwd: this.dataDir, env: this.#environment(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    this.#exit = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    if (this.options.wait === false) return;
    await until(
      async () => {
        if (!this.running) return 'gone';
        return (await fetch(`${this.url}/healthz`)).ok;
      },
      (ok) => ok === true || ok === 'gone',
      { timeoutMs: 30_000, everyMs: 50, what: `healthz of the proxy; it said:\n${this.output}` },
    );
    if (!this.running)
      throw new Error(`the proxy ended at start with ${String(await this.#exit)}:\n${this.output}`);
  }

  #environment(): Record<string, string> {
    const { upstream, keys } = this.options;
    const all: Record<string, string | undefined> = {
      PATH: process.env['PATH'],
      HOME: this.dataDir,
      PORT: String(this.port),
      HOST: '127.0.0.1',
      PROXY_DATA_DIR: this.dataDir,
      PROXY_UPSTREAM_BASE_URL: typeof upstream === 'string' ? upstream : upstream?.baseUrl,
      OPENAI_API_KEYS: keys?.join(','),
      PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '3600',
      // What is looked through in the end is all that a proxy can log. Figures of a release are of what is delivered.
      PROXY_LOG_LEVEL: process.env['RPX_RELEASE'] === '1' ? undefined : 'debug',
      ...this.options.env,
    };
    told.add(secretsOf(all));
    told.environment(all);
    return Object.fromEntries(Object.entries(all).filter((e): e is [string, string] => e[1] !== undefined));
  }
}
