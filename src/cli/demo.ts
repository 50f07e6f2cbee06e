import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../config/config-error.js';
import { loadConfig } from '../config/load-config.js';
import { processEnvironment } from '../config/process-environment.js';
import { DemoProxy, freePort } from './demo-proxy.js';
import { DemoTraffic } from './demo-traffic.js';
import { startDemoUpstream } from './demo-upstream.js';
import { EXIT } from './exit-code.js';
import { listenFailure } from './listen-failure.js';
import { packageVersion } from './package-version.js';

const PROGRESS_MS = 5000;

/** `demo [--requests N]`: runs until Ctrl-C, or until N requests are through; then stops all it has started. */
export async function demoCommand(args: readonly string[]): Promise<number> {
  const limit = requestLimit(args);
  if (limit === null) {
    process.stderr.write('Usage: responses-proxy demo [--requests N]\n');
    return EXIT.usage;
  }
  const stopped = stopSignal();
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
    });
    cleanups.push(() => proxy.stop());
    print(`stand-in upstream on ${upstream.url}, records in ${dataDir}`);
    print(`dashboard: ${proxy.url}/${PROXY_ADMIN_TOKEN ? ' (asks for PROXY_ADMIN_TOKEN)' : ''}`);
    return await sendTraffic(proxy, limit, stopped);
  } catch (e: unknown) {
    process.stderr.write(`${listenFailure(e, address) ?? (e instanceof Error ? e.message : String(e))}\n`);
    return EXIT.failed;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function sendTraffic(proxy: DemoProxy, limit: number, stopped: AbortSignal): Promise<number> {
  const traffic = new DemoTraffic(proxy.url, Number.isFinite(limit) ? 50 : 150);
  const report = (): void => {
    const { started, answered, refused, failed, open, streams } = traffic.state;
    print(
      `${started} requests (${streams} streamed): ${answered} answered, ${refused} refused, ${failed} failed, ` +
        `${open} open · ${proxy.url}/`,
    );
  };
  const timer = setInterval(report, PROGRESS_MS);
  await traffic.run(limit, stopped);
  clearInterval(timer);
  report();
  if (proxy.exited) throw new Error('The proxy ended while the demo was running.');
  return traffic.state.failed === 0 ? EXIT.ok : EXIT.failed;
}

/** Aborts on the first Ctrl-C or SIGTERM; later ones find the clean-up already under way. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) print('stopping');
      controller.abort();
    });
  }
  return controller.signal;
}

function requestLimit(args: readonly string[]): number | null {
  if (args.length === 0) return Infinity;
  const [flag, count = '', ...rest] = args;
  return flag === '--requests' && rest.length === 0 && /^[1-9]\d{0,6}$/.test(count) ? Number(count) : null;
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

function print(line: string): void {
  process.stdout.write(`demo: ${line}\n`);
}
