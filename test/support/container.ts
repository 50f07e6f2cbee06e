import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll } from 'vitest';
import { freePort } from './free-port.js';
import { readImage, stageImage, type Image } from './image.js';
import { until } from './until.js';

const SANDBOX = join(import.meta.dirname, 'container-sandbox.sh');
const started = new Set<Container>();
const stages: string[] = [];

afterAll(async () => {
  await Promise.all([...started].map((container) => container.dispose()));
  for (const stage of stages.splice(0)) rmSync(stage, { recursive: true, force: true });
});

export interface ContainerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** The data volume belongs to somebody else, as a bind mount that nobody gave to the container's user does. */
  readonly foreignData?: boolean;
}

/**
 * The image of this checkout, run without an engine: its files, its entrypoint, its user, as process 1 of its own process
 * namespace on a read-only root. The network is this machine's, so that fake upstreams can be reached.
 */
export class Container {
  readonly lines: string[] = [];
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;

  private constructor(
    readonly image: Image,
    readonly port: number,
    readonly data: string,
    private readonly home: string,
    private readonly options: ContainerOptions,
    stage: string,
  ) {
    const [uid, gid] = image.user;
    const root = join(home, 'root');
    const namespaces = ['--mount', '--pid', '--fork'];
    const command = [...image.entrypoint, ...(options.args ?? image.command)];
    this.#child = spawn('unshare', [...namespaces, SANDBOX, stage, root, data, uid, gid, ...command], {
      env: this.#environment(),
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    this.exited = once(this.#child, 'close').then(([code]) => code as number);
  }

  /** Why containers cannot be imitated here, or null. */
  static missing(): string | null {
    if (userInfo().uid !== 0) return 'root, to make namespaces';
    const commands = ['s6-svscan', 'redis-server', 'setpriv', 'unshare', 'nsenter'];
    const absent = commands.filter((name) => !onPath(name));
    if (absent.length > 0) return absent.join(', ');
    const tried = spawnSync('unshare', [
      '--mount',
      '--pid',
      '--fork',
      'mount',
      '-t',
      'tmpfs',
      'none',
      '/mnt',
    ]);
    return tried.status === 0 ? null : 'the right to make namespaces';
  }

  /** Image files, shared by the containers of one test file. */
  static stage(): string {
    const stage = mkdtempSync(join(tmpdir(), 'rpx-image-'));
    stages.push(stage);
    stageImage(readImage(), stage);
    return stage;
  }

  static async start(stage: string, options: ContainerOptions = {}): Promise<Container> {
    const image = readImage();
    const home = mkdtempSync(join(tmpdir(), 'rpx-container-'));
    const data = join(home, 'data');
    for (const name of [data, join(home, 'root')]) mkdirSync(name, { mode: 0o700 });
    if (options.foreignData !== true) chownSync(data, Number(image.user[0]), Number(image.user[1]));
    const port = options.port ?? (await freePort());
    const container = new Container(image, port, data, home, options, stage);
    started.add(container);
    return container;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get output(): string {
    return this.lines.join('\n');
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** A command inside, as `docker exec` would run it. */
  exec(command: readonly string[]): { status: number | null; output: string } {
    const [uid, gid] = this.image.user;
    const init = this.#init();
    if (init === null) return { status: null, output: 'the container has ended' };
    const enter = ['--target', String(init), '--mount', '--pid', '--root', '--wd'];
    const user = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
    const { status, stdout, stderr } = spawnSync('nsenter', [...enter, ...user, ...command], {
      env: this.#environment(),
      encoding: 'utf8',
      timeout: 10_000,
    });
    return { status, output: `${stdout}${stderr}`.trim() };
  }

  healthcheck(): { status: number | null; output: string } {
    return this.exec(this.image.healthcheck);
  }

  healthy(): Promise<unknown> {
    return until(
      () => (this.running ? this.healthcheck() : Promise.reject(new Error(`it ended:\n${this.output}`))),
      (seen) => seen.status === 0,
      { timeoutMs: 40_000, everyMs: 100, what: 'the health check of the container' },
    ).catch((e: unknown) => {
      throw new Error(`${String(e)}\n${this.output}`);
    });
  }

  /** Process id inside the container; null while there is none. */
  pidOf(service: string): number | null {
    const { output } = this.exec(['s6-svstat', '-o', 'pid', `/tmp/responses-proxy/services/${service}`]);
    const pid = Number(output);
    return pid > 0 ? pid : null;
  }

  kill9(pid: number): void {
    this.exec(['kill', '-9', String(pid)]);
  }

  /** What `docker stop` sends to process 1. */
  terminate(): void {
    process.kill(this.#init()!, 'SIGTERM');
  }

  async dispose(): Promise<void> {
    started.delete(this);
    // With its process 1 the kernel ends everything in the namespace.
    if (this.running) process.kill(this.#init() ?? this.#child.pid!, 'SIGKILL');
    await this.exited;
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Process 1 of the container, by its number outside; null before it is there and after it has ended. */
  #init(): number | null {
    const { pid } = this.#child;
    try {
      const [init] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
      return Number(init) || null;
    } catch {
      return null;
    }
  }

  #environment(): Record<string, string> {
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...this.image.env,
      // Not open to the network of the machine the tests run on; the port is a free one for the same reason.
      HOST: '127.0.0.1',
      PORT: String(this.port),
      PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '3600',
      ...this.options.env,
    };
  }
}

function onPath(name: string): boolean {
  return ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((dir) =>
    existsSync(join(dir, name)),
  );
}
