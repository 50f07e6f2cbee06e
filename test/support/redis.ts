import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { freePort } from './free-port.js';
import { leaksBelow } from './leaks.js';
import { redisCommand } from './redis-commands.js';
import { SecretSearch } from './secret-search.js';
import { told } from './told-secrets.js';
import { pause, until } from './until.js';

const BINARIES = ['redis-server', 'valkey-server'];
const started = new Set<TestRedis>();

// Whatever a failed test left running ends with its file.
afterAll(async () => {
  await Promise.all([...started].map((redis) => redis.stop()));
});

/** A real Redis server for one test file. */
export class TestRedis {
  private constructor(
    readonly port: number,
    private readonly binary: string,
    private readonly args: readonly string[],
    private child: ChildProcess,
    readonly dir: string,
  ) {}

  /** Name of the installed server, or null. */
  static binary(): string | null {
    return BINARIES.find((name) => spawnSync(name, ['--version']).status === 0) ?? null;
  }

  static async start(binary: string, args: readonly string[] = [], on?: number): Promise<TestRedis> {
    const port = on ?? (await freePort());
    const dir = mkdtempSync(join(tmpdir(), 'rpx-redis-'));
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
    const all = [...fixed, ...args];
    const child = spawn(binary, all, { stdio: 'ignore' });
    const redis = new TestRedis(port, binary, all, child, dir);
    started.add(redis);
    await redis.answering();
    return redis;
  }

  /** Once it serves: neither starting nor loading. */
  async answering(): Promise<void> {
    await until(() => this.#ping(), Boolean, { timeoutMs: 30_000, what: 'redis answering' });
  }

  /** Its data stay where they are. */
  async kill9(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** After `kill9`, on the same port. Does not wait: it may be loading. */
  again(args: readonly string[] = []): void {
    this.child = spawn(this.binary, [...this.args, ...args], { stdio: 'ignore' });
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** What it holds at the end is searched for secrets, where it still answers without a password. */
  async stop(): Promise<void> {
    started.delete(this);
    await Promise.race([this.#write().catch(() => undefined), pause(1_000)]);
    await this.kill9();
    const leaks = leaksBelow(new SecretSearch(told.all()), this.dir);
    rmSync(this.dir, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`Redis was told a secret:\n${leaks.join('\n')}`);
  }

  /** Its data to a file, as they are. */
  async #write(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await redisCommand(this.port, 'CONFIG SET rdbcompression no');
    await redisCommand(this.port, 'SAVE');
  }

  #ping(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString().startsWith('+PONG'));
      });
      socket.once('error', () => resolve(false));
      socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    });
  }
}
