import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DEMO_KEYS } from './demo-faults.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface DemoProxyOptions {
  readonly environment: Environment;
  readonly upstreamUrl: string;
  readonly dataDir: string;
  readonly port: number;
  /** File descriptor of its log: standard output may be for something else. */
  readonly logTo: 1 | 2;
}

/** Everything else that configures a real proxy stays out of a demonstration, above all real keys and databases. */
const PASSED_ON = [
  'HOST',
  'PROXY_LOG_LEVEL',
  'PROXY_ADMIN_TOKEN',
  'PROXY_ANONYMOUS_ACCESS',
  'PROXY_ALLOWED_HOSTS',
];

/** A proxy of its own: the same program as a child process, on made-up keys of two organisations. */
export class DemoProxy {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(options: DemoProxyOptions): Promise<DemoProxy> {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const child = spawn(process.execPath, [...process.execArgv, main, 'serve'], {
      env: childEnvironment(options),
      stdio: ['ignore', options.logTo, 'inherit'],
      // Its own process group: Ctrl-C reaches the demo, and the proxy is stopped once, by the demo.
      detached: true,
    });
    const proxy = new DemoProxy(child, `http://127.0.0.1:${options.port}`);
    try {
      await proxy.untilHealthy(30_000);
      return proxy;
    } catch (e: unknown) {
      await proxy.stop();
      throw e;
    }
  }

  get exited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.exited) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await exit;
    clearTimeout(deadline);
  }

  private async untilHealthy(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (this.exited) throw new Error(`The proxy ended at start with code ${this.child.exitCode}.`);
      if (await answers(`${this.url}/healthz`)) return;
      await delay(100);
    }
    throw new Error(`The proxy did not answer on ${this.url} within ${timeoutMs / 1000} s.`);
  }
}

/** The port if it is free, or any free one for 0. Fails as `listen` does, before anything is started. */
export async function freePort(port: number, host: string): Promise<number> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address.port;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

function childEnvironment(options: DemoProxyOptions): NodeJS.ProcessEnv {
  const isOurs = /^(PORT$|HOST$|OPENAI_|PROXY_|SERVICE_DATABASE_URL$|DATABASE_URL$)/;
  const kept = Object.entries(options.environment).filter(
    ([name]) => !isOurs.test(name) || PASSED_ON.includes(name),
  );
  return {
    PROXY_LOG_LEVEL: 'warn',
    ...Object.fromEntries(kept),
    PORT: String(options.port),
    PROXY_DATA_DIR: options.dataDir,
    PROXY_UPSTREAM_BASE_URL: `${options.upstreamUrl}/v1`,
    PROXY_DRAIN_TIMEOUT_SECONDS: '5',
    PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '5',
    // Two keys of one organisation: a follow-up whose key is limited goes to the other one.
    PROXY_AFFINITY_SHARED_IN_ORGANIZATION: 'on',
    OPENAI_API_KEYS: DEMO_KEYS.join(','),
    OPENAI_RESOURCE_POOL_IDS: 'blue,blue,green',
    OPENAI_RESOURCE_ORGANIZATIONS: 'org-demo-a,org-demo-a,org-demo-b',
  };
}
