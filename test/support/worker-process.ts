import { freePort } from './free-port.js';
import { ProxyProcess } from './proxy-process.js';

export interface WorkerOptions {
  readonly redisUrl: string;
  readonly postgresUrl?: string;
  /** Of the SQLite file, when there is no Postgres. */
  readonly sqlitePath?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly wait?: boolean;
}

/** `responses-proxy worker` as its own process, with a listener, so that it is known when it lives. */
export async function startWorker(options: WorkerOptions): Promise<ProxyProcess> {
  const { redisUrl, postgresUrl, sqlitePath, env, wait } = options;
  const port = await freePort();
  return ProxyProcess.start({
    port,
    args: ['worker'],
    ...(wait === undefined ? {} : { wait }),
    env: {
      NODE_ENV: 'test',
      PROXY_WORKER_PORT: String(port),
      PROXY_REDIS_URL: redisUrl,
      PROXY_DATABASE_URL: postgresUrl,
      PROXY_SQLITE_URL: sqlitePath === undefined ? undefined : `sqlite:///${sqlitePath}`,
      ...env,
    },
  });
}

/** Batches it has written since it started. */
export async function batchesOf(worker: ProxyProcess): Promise<number> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  return Number(/^rpx_worker_batches_total (\d+)/m.exec(text)?.[1] ?? 0);
}
