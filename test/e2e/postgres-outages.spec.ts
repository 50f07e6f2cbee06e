import pg from 'pg';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { outage } from '../support/outage.js';
import { postgres, stopPostgres, type TestPostgres } from '../support/postgres.js';
import { Rig } from '../support/rig.js';
import { pause, until } from '../support/until.js';

/** 120000 and 30000 in a release run; frozen for longer than a statement may take (5 s) in any. */
const DOWN_MS = Number(process.env['RPX_OUTAGE_MS'] ?? 2_500);
const FROZEN_MS = Number(process.env['RPX_FROZEN_MS'] ?? 6_500);
const LIMIT_MS = 120_000 + DOWN_MS + FROZEN_MS;

let rig: Rig;
let link: FaultProxy | null = null;

afterEach(async () => {
  await rig.stop();
  await link?.stop();
  link = null;
});
afterAll(stopPostgres);

async function start(): Promise<{ server: TestPostgres; url: string }> {
  const server = await postgres();
  const url = await server.createDatabase();
  rig = await Rig.start({ postgresUrl: url });
  return { server, url };
}

/** The proxy reaches its database through a link that can be spoiled; `history` does too, when it is asked. */
async function startBehindLink(): Promise<FaultProxy> {
  const server = await postgres();
  const url = new URL(await server.createDatabase());
  link = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
  url.port = String(link.port);
  rig = await Rig.start({ postgresUrl: url.href });
  return link;
}

async function query(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const sql of statements) await client.query(sql);
  await client.end();
}

const refused = (): Promise<unknown> =>
  until(
    async () => (await fetch(`${rig.proxy.url}/admin/requests`)).status,
    (status) => status === 503,
  );

describe('Postgres under load', () => {
  it(
    'crashes and comes back three times',
    async () => {
      const { server } = await start();
      const figures = await outage(rig, async () => {
        for (let n = 0; n < 3; n += 1) {
          await server.server.crash();
          await refused();
          await server.server.start();
          await pause(500);
        }
      });
      console.log('three crashes', JSON.stringify(figures));
    },
    LIMIT_MS,
  );

  it(
    'is away for a while',
    async () => {
      const { server } = await start();
      const figures = await outage(rig, async () => {
        await server.server.crash();
        await pause(DOWN_MS);
        await server.server.start();
      });
      expect(figures.admin503Ms).toBeGreaterThan(0);
      console.log(`away for ${DOWN_MS} ms`, JSON.stringify(figures));
    },
    LIMIT_MS,
  );

  it(
    'is away: a client key that is known goes on, one that is not is told to come back and counted for nobody',
    async () => {
      const { server } = await start();
      const ask = async (key: string): Promise<number> =>
        (await fetch(`${rig.proxy.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
      const made = await fetch(`${rig.proxy.url}/admin/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"name":"outage"}',
      });
      const { key } = (await made.json()) as { key: string };
      expect([await ask(key), await ask(newClientKey())]).toEqual([200, 401]);
      await server.server.crash();
      // What was looked up a second ago is still believed.
      const stranger = (): Promise<number> => ask(newClientKey());
      await until(stranger, (status) => status === 503, { everyMs: 100 });
      for (let n = 0; n < 25; n += 1) expect(await stranger()).toBe(503);
      expect(await ask(key)).toBe(200);
      await server.server.start();
      await until(stranger, (status) => status === 401, { timeoutMs: 30_000 });
    },
    LIMIT_MS,
  );

  it(
    'stands still and goes on',
    async () => {
      const { server } = await start();
      const figures = await outage(rig, async () => {
        server.server.freeze();
        await pause(FROZEN_MS);
        server.server.resume();
      });
      expect(figures.admin503Ms).toBeGreaterThan(0);
      console.log(`frozen for ${FROZEN_MS} ms`, JSON.stringify(figures));
    },
    LIMIT_MS,
  );

  it(
    'lets nobody else in',
    async () => {
      const { server, url } = await start();
      await rig.proxy.stop();
      await server.server.stop();
      await server.server.start(['max_connections=5', 'superuser_reserved_connections=0']);
      await rig.proxy.restart();
      const figures = await outage(rig, async () => {
        const others = Array.from({ length: 4 }, () => new pg.Client({ connectionString: url }));
        for (const other of others) other.on('error', () => undefined);
        await Promise.all(others.map((other) => other.connect().catch(() => undefined)));
        const reads = Array.from({ length: 12 }, () => fetch(`${rig.proxy.url}/admin/requests?limit=1`));
        for (const answer of await Promise.all(reads)) expect([200, 503]).toContain(answer.status);
        await pause(1_000);
        await Promise.all(others.map((other) => other.end().catch(() => undefined)));
      });
      console.log('max_connections=5', JSON.stringify(figures));
      await server.server.stop();
      await server.server.start();
    },
    LIMIT_MS,
  );

  it(
    'takes longer for a statement than it may',
    async () => {
      const { url } = await start();
      const figures = await outage(rig, async () => {
        await query(
          url,
          `CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$ LANGUAGE plpgsql`,
          'CREATE TRIGGER slow BEFORE INSERT ON "requests" FOR EACH ROW EXECUTE FUNCTION slow()',
        );
        await until(
          () => rig.proxy.state(),
          (state) => JSON.stringify(state).includes('statement timeout'),
          {
            timeoutMs: 20_000,
            what: 'a statement given up',
          },
        );
        await query(url, 'DROP TRIGGER slow ON "requests"');
      });
      console.log('slow statements', JSON.stringify(figures));
    },
    LIMIT_MS,
  );
});

describe('the way to Postgres', () => {
  it(
    'breaks at every commit, so that nobody knows whether it happened',
    async () => {
      const faulty = await startBehindLink();
      const figures = await outage(rig, async () => {
        const before = faulty.connections.length;
        faulty.fault = { resetOnUp: 'COMMIT' };
        await until(() => faulty.connections.length > before + 3, Boolean, {
          timeoutMs: 20_000,
          what: 'broken commits',
        });
        faulty.fault = {};
      });
      console.log('cut at COMMIT', JSON.stringify(figures));
    },
    LIMIT_MS,
  );

  it(
    'loses everything without a word, and a new connection works',
    async () => {
      const faulty = await startBehindLink();
      const figures = await outage(
        rig,
        async () => {
          faulty.fault = { blackHole: true };
          // Several connections of the pool are to die, not only the one that writes.
          await Promise.all(
            Array.from({ length: 6 }, () => fetch(`${rig.proxy.url}/admin/requests?limit=1`)),
          );
          faulty.fault = {};
        },
        30_000,
      );
      console.log('black hole', JSON.stringify(figures));
    },
    LIMIT_MS,
  );
});
