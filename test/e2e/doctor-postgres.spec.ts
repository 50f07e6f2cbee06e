import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnostics, doctor, found, type Diagnostics, type FoundThing } from '../support/doctor.js';
import { freePort } from '../support/free-port.js';
import { postgres, stopPostgres, type TestPostgres } from '../support/postgres.js';
import { key, Rig } from '../support/rig.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
const home = mkdtempSync(join(tmpdir(), 'rpx-doctor-postgres-'));
let database: TestPostgres;
let url: string;
let rig: Rig;

beforeAll(async () => {
  database = await postgres();
  url = await database.createDatabase();
  rig = await Rig.start({
    postgresUrl: url,
    keys: [key('good')],
    env: { PROXY_MAX_CAPTURE_BYTES: '200', PROXY_RETENTION_DAYS: '8' },
  });
});
afterAll(async () => {
  await rig.stop();
  await stopPostgres();
  rmSync(home, { recursive: true, force: true });
});

const look = (): Promise<Diagnostics> => diagnostics(rig.proxy);
const run = (env: Record<string, string> = {}) =>
  doctor({ HOME: home, PORT: String(rig.proxy.port), ...env });
const outcome = ({ checks }: Diagnostics, name: string) => checks.find((one) => one.name === name)?.outcome;
const untilFound = (id: string): Promise<FoundThing> =>
  until(
    async () => found(await look(), id) ?? { id: 'nothing' },
    (one) => one.id === id,
    { what: id },
  ) as Promise<FoundThing>;

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Each makes one situation real in the same process, as the other doctor specs do on SQLite. */
describe('the doctor of a proxy on Postgres', () => {
  it('finds the history well, as the process and as the command', async () => {
    for (let n = 0; n < 25; n++) await rig.client.send({ body: { input: 'x'.repeat(400) } });
    const seen = await until(
      async () => (await run()).json,
      (one) => found(one, 'no_requests') === undefined && outcome(one, 'spool') === 'ok',
    );
    for (const name of ['database', 'lasting', 'traffic', 'tokens', 'retention', 'fleet'])
      expect(outcome(seen, name), name).toBe('ok');
  });

  it('names cut bodies, missing tokens, requests without an end and rows that should be gone', async () => {
    expect((await untilFound('bodies_truncated')).evidence.join()).toContain('PROXY_MAX_CAPTURE_BYTES=200');
    await sql('UPDATE requests SET input_tokens = NULL, output_tokens = NULL, total_tokens = NULL');
    expect((await untilFound('tokens_empty')).evidence.join()).toMatch(/25 of the last 25 .* tell no tokens/);
    await sql(`UPDATE requests SET state = 'in_progress', started_at = ${Date.now() - 10 * DAY_MS}
      WHERE id = (SELECT id FROM requests LIMIT 1)`);
    expect((await untilFound('requests_without_end')).evidence.join()).toContain('1');
    expect((await untilFound('retention_behind')).severity).toBe('warning');
  });

  it('without a running proxy tells a database that can be used from one that refuses', async () => {
    const env = { PORT: String(await freePort()), PROXY_DATA_DIR: join(home, 'data') };
    expect(outcome((await run({ ...env, PROXY_DATABASE_URL: url })).json, 'database')).toBe('ok');
    const wrong = new URL(url);
    wrong.pathname = '/no_such_database';
    const { json, stdout } = await run({ ...env, PROXY_DATABASE_URL: wrong.href });
    expect(found(json, 'database_unreachable')?.evidence.join()).toContain(
      '"no_such_database" does not exist',
    );
    expect(stdout).not.toContain(wrong.password);
  });

  it('names a Postgres that is away and what waits, and nothing of it once it is back', async () => {
    await database.server.stop();
    await rig.client.send();
    const away = await until(
      async () => (await run()).json,
      (one) => found(one, 'records_wait') !== undefined && found(one, 'database_unreachable') !== undefined,
      { timeoutMs: 20_000, what: 'records_wait' },
    );
    expect(found(away, 'database_unreachable')?.fix).toContain('psql');
    expect(JSON.stringify(away)).not.toContain(new URL(url).password);
    await database.server.start();
    await until(look, (one) => ['database', 'spool'].every((name) => outcome(one, name) === 'ok'), {
      timeoutMs: 20_000,
      what: 'a database that is back',
    });
  }, 60_000);
});
