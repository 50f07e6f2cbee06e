import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../config/config-error.js';
import { loadConfig } from '../config/load-config.js';
import { processEnvironment } from '../config/process-environment.js';
import { DEMO_HELP, readDemoArguments, type DemoArguments } from './demo-arguments.js';
import { DemoProxy, freePort } from './demo-proxy.js';
import { DemoTraffic, type TrafficCounts } from './demo-traffic.js';
import { startDemoUpstream } from './demo-upstream.js';
import { EXIT } from './exit-code.js';
import { listenFailure } from './listen-failure.js';
import { packageVersion } from './package-version.js';
import { refuse } from './refuse.js';

const PROGRESS_MS = 5000;

/** Runs until Ctrl-C, or until N requests are through; then stops all it has started. */
export async function demoCommand(args: readonly string[]): Promise<number> {
  const asked = readDemoArguments(args);
  if (typeof asked === 'string') return refuse(`${asked}\n\n${DEMO_HELP}`, EXIT.usage);
  if (asked.help) {
    process.stdout.write(DEMO_HELP);
    return EXIT.ok;
  }
  const print = printer(asked);
  const stopped = stopSignal(print);
  const { PORT, HOST, PROXY_DATA_DIR, PROXY_ADMIN_TOKEN } = processEnvironment();
  const address = readAddress({ PORT, HOST });
  if (address === null) return EXIT.config;
  // Last in, first out, whatever went wrong in between.
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    const port = await freePort(address.port, address.host);
    const dataDir = PROXY_DATA_DIR || (await mkdtemp(join(tmpdir(), 'responses-proxy-demo-')));
    if (!PROXY_DATA_DIR) cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
    const upstream = await startDemoUpstream();
    cleanups.push(() => upstream.stop());
    const proxy = await DemoProxy.start({
      environment: processEnvironment(),
      upstreamUrl: upstream.url,
      dataDir,
      port,
      logTo: asked.json ? 2 : 1,
    });
    cleanups.push(() => proxy.stop());
    print(`stand-in upstream on ${upstream.url}, records in ${dataDir}`);
    print(`dashboard: ${proxy.url}/${PROXY_ADMIN_TOKEN ? ' (asks for PROXY_ADMIN_TOKEN)' : ''}`);
    return await sendTraffic(proxy, asked, stopped);
  } catch (e: unknown) {
    process.stderr.write(`${listenFailure(e, address) ?? (e instanceof Error ? e.message : String(e))}\n`);
    return EXIT.failed;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function sendTraffic(proxy: DemoProxy, asked: DemoArguments, stopped: AbortSignal): Promise<number> {
  const print = printer(asked);
  const traffic = new DemoTraffic(proxy.url, Number.isFinite(asked.requests) ? 50 : 150);
  const report = (): void => {
    const { started, answered, refused, failed, open, streams } = traffic.state;
    print(
      `${started} requests (${streams} streamed): ${answered} answered, ${refused} refused, ${failed} failed, ` +
        `${open} open · ${proxy.url}/`,
    );
  };
  const timer = setInterval(report, PROGRESS_MS);
  await traffic.run(asked.requests, stopped);
  clearInterval(timer);
  report();
  if (asked.json) process.stdout.write(`${JSON.stringify(counted(traffic.state))}\n`);
  if (proxy.exited) throw new Error('The proxy ended while the demo was running.');
  return traffic.state.failed === 0 ? EXIT.ok : EXIT.failed;
}

/** Aborts on the first Ctrl-C or SIGTERM; later ones find the clean-up already under way. */
function stopSignal(print: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) print('stopping');
      controller.abort();
    });
  }
  return controller.signal;
}

function readAddress(
  env: Record<string, string | undefined>,
): { readonly host: string; readonly port: number } | null {
  try {
    return loadConfig(env, packageVersion()).server;
  } catch (e: unknown) {
    if (!(e instanceof ConfigError)) throw e;
    process.stderr.write(`${e.message}\n`);
    return null;
  }
}

/** As other commands that write JSON: what is no JSON goes beside it. */
function printer({ json }: DemoArguments): (line: string) => void {
  const output = json ? process.stderr : process.stdout;
  return (line) => void output.write(`demo: ${line}\n`);
}

function counted({ started, ...counts }: TrafficCounts): Record<string, number> {
  return { requests: started, ...counts };
}
