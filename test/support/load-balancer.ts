import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.js';
import { REPOSITORY } from './image.js';

export const HAPROXY_CONFIG = join(REPOSITORY, 'docker/haproxy.cfg');

/** Debian keeps it where ordinary users do not look. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

export interface AccessLine {
  readonly path: string;
  readonly status: number;
  readonly server: string;
  readonly retries: string;
}

/** The load balancer of compose.scale.yml with its own configuration file, on loopback. */
export class LoadBalancer {
  readonly lines: string[] = [];

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
  }

  static get available(): boolean {
    return spawnSync('haproxy', ['-v'], { env: { PATH } }).status === 0;
  }

  static check(): { status: number | null; output: string } {
    const env = { PATH, RPX_BACKEND: '127.0.0.1:8000' };
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', HAPROXY_CONFIG], { env, encoding: 'utf8' });
    return { status, output: stderr };
  }

  static async start(env: Readonly<Record<string, string>>): Promise<LoadBalancer> {
    const port = await freePort();
    const child = spawn('haproxy', ['-f', HAPROXY_CONFIG], {
      env: { PATH, RPX_BIND: `127.0.0.1:${port}`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new LoadBalancer(port, child);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get access(): AccessLine[] {
    return this.lines.flatMap((line) => {
      const json = line.slice(line.indexOf('{'));
      return line.includes('"lb":"access"') ? [JSON.parse(json) as AccessLine] : [];
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
