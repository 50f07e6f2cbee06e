import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/common/secret.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { History } from '../support/history.js';
import { LoadClient } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { demand, note, size } from '../support/release.js';
import { key } from '../support/rig.js';
import { runCli } from '../support/run-cli.js';
import { keyIdOf, seedSealedProviders } from '../support/sealed-providers.js';
import { pause, until } from '../support/until.js';

const SECRETS = size(100, 1_000);
const SECRET = 'sk-rotation-canary-0123456789';
const POOL = 'rotated';
const [OLD, NEW] = [newKey(), newKey()];

/** One of those a load balancer knows. */
interface Replica {
  readonly proxy: ProxyProcess;
  readonly client: LoadClient;
  inRotation: boolean;
  open: number;
}

let upstream: FakeUpstream;
let database: string;
let replicas: Replica[];

beforeAll(async () => {
  database = await (await postgres()).createDatabase();
  upstream = await FakeUpstream.start({
    keys: [key('env'), { key: SECRET, organization: 'org-rotated' }],
  });
  await seedSealedProviders({
    database: { kind: 'postgres', url: new Secret(database), origin: 'PROXY_DATABASE_URL' },
    key: OLD,
    secret: SECRET,
    baseUrl: upstream.baseUrl,
    poolId: POOL,
    count: SECRETS,
  });
  replicas = await Promise.all([replica(), replica()]);
});
afterAll(async () => {
  for (const { client } of replicas) client.close();
  await Promise.all(replicas.map(({ proxy }) => proxy.dispose()));
  await upstream.stop();
  await stopPostgres();
});

function newKey(): string {
  return randomBytes(32).toString('base64');
}

const keys = (current: string, previous?: string) => ({
  PROXY_SECRET_ENCRYPTION_KEY: current,
  PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS: previous,
});

async function replica(): Promise<Replica> {
  const env = { PROXY_DATABASE_URL: database, PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32', ...keys(OLD) };
  const proxy = await ProxyProcess.start({ upstream, keys: ['sk-test-env'], env });
  return { proxy, client: new LoadClient(proxy.url), inRotation: true, open: 0 };
}

/** As behind any load balancer: taken out, started anew once it has nothing to do, put back when it is ready. */
async function restarted(one: Replica, env: Record<string, string | undefined>): Promise<void> {
  one.inRotation = false;
  await until(() => one.open === 0, { what: 'nothing open' });
  await one.proxy.restart({ env });
  await until(async () => (await fetch(`${one.proxy.url}/readyz`)).ok, {
    timeoutMs: 30_000,
    what: 'a ready replica',
  });
  one.inRotation = true;
}

async function send(one: Replica): Promise<void> {
  one.open += 1;
  await one.client.send({ headers: { 'x-proxy-pool-id': POOL }, body: {} });
  one.open -= 1;
}

async function under(secretKey: string): Promise<number> {
  const sql = `SELECT COUNT(*) AS n FROM providers WHERE secret LIKE 'v1.${keyIdOf(secretKey)}.%'`;
  const [row] = await new History(replicas[0]!.proxy, database).rows<{ n: number | string }>(sql);
  return Number(row?.n);
}

describe('the encryption key of two replicas on one Postgres', () => {
  it(
    'is changed without a failed request: both keys on all, rewrap, the new one on all',
    async () => {
      const running = new AbortController();
      const lane = async (n: number): Promise<void> => {
        for (let i = n; !running.signal.aborted; i += 1) {
          const there = replicas.filter(({ inRotation }) => inRotation);
          // A load, not a race for the processor that the starts need as well.
          await Promise.all([send(there[i % there.length]!), pause(25)]);
        }
      };
      const lanes = Promise.all([0, 1].map(lane));
      const answers = (): (number | null)[] =>
        replicas.flatMap(({ client }) =>
          client.entries.filter(({ endedAt }) => endedAt !== null).map(({ status }) => status),
        );
      const traffic = async (): Promise<void> => {
        const before = replicas.map(({ client }) => client.entries.length);
        await until(() => replicas.every(({ client }, n) => client.entries.length > (before[n] ?? 0) + 10), {
          what: 'requests through both replicas',
        });
      };
      try {
        await traffic();
        for (const one of replicas) await restarted(one, keys(NEW, OLD));
        const moved = await runCli(['rewrap', '--json'], {
          PROXY_DATABASE_URL: database,
          PROXY_SECRET_ENCRYPTION_KEY: NEW,
          PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS: OLD,
        });
        expect([moved.code, JSON.parse(moved.stdout)]).toEqual([
          0,
          { finished: true, rewrapped: SECRETS, current: 0, unreadable: 0 },
        ]);
        for (const one of replicas) await restarted(one, keys(NEW));
        await traffic();
      } finally {
        running.abort();
        await lanes;
      }
      const failed = answers().filter((status) => status !== 200);
      note('S18', 'secrets that changed their key under two replicas', SECRETS);
      note('S18', 'requests through both meanwhile', answers().length);
      demand('S18', 'requests through both that failed', failed.length, { exactly: 0 });
      expect([await under(OLD), await under(NEW)]).toEqual([0, SECRETS]);
      for (const { proxy } of replicas) {
        const { resources } = await proxy.state();
        expect(resources.filter(({ id }) => id.startsWith('prov_'))).toHaveLength(SECRETS);
      }
    },
    size(180_000, 900_000),
  );
});
