import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { readSqlite } from '../support/history.js';
import { LoadClient } from '../support/load-client.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { demand, note, size } from '../support/release.js';
import { key } from '../support/rig.js';
import { runCli, startCli } from '../support/run-cli.js';
import { keyIdOf, seedSealedProviders } from '../support/sealed-providers.js';
import { until } from '../support/until.js';

const SECRETS = size(250, 1_000);
const SECRET = 'sk-rewrap-canary-0123456789';
const TOKEN = 'admin-token-for-rewrap-0123456789';
const [OLD, NEW, OTHER] = [newKey(), newKey(), newKey()];
const OLD_ID = keyIdOf(OLD);

let dataDir: string;
let file: string;
let upstream: FakeUpstream;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'rpx-rewrap-'));
  file = join(dataDir, 'proxy.sqlite3');
  upstream = await FakeUpstream.start({ keys: [key('env'), { key: SECRET, organization: 'org-rewrap' }] });
  await seedSealedProviders({
    database: { kind: 'sqlite', path: file, origin: 'PROXY_SQLITE_URL' },
    key: OLD,
    secret: SECRET,
    baseUrl: upstream.baseUrl,
    poolId: 'rewrap',
    count: SECRETS,
  });
});
afterAll(async () => {
  await upstream.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function newKey(): string {
  return randomBytes(32).toString('base64');
}

async function under(id: string): Promise<number> {
  const rows = await readSqlite<{ n: number }>(
    file,
    `SELECT COUNT(*) AS n FROM providers WHERE secret LIKE 'v1.${id}.%'`,
  );
  return rows[0]?.n ?? 0;
}

const env = (current: string, previous?: string): Record<string, string> => ({
  PROXY_DATA_DIR: dataDir,
  PROXY_SECRET_ENCRYPTION_KEY: current,
  ...(previous === undefined ? {} : { PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS: previous }),
});

describe('the encryption key of stored secrets', () => {
  it('when it is a wrong one keeps the process from starting, in words', async () => {
    const ended = await runCli(['serve'], { ...env(OTHER), PROXY_PORT: '0' });
    expect([ended.code, ended.signal]).toEqual([78, null]);
    expect(ended.stderr).toContain('PROXY_SECRET_ENCRYPTION_KEY is not the key');
    expect(ended.stderr).not.toContain(OTHER);
  });

  it('when there is none keeps it from starting, too, unless nothing is routed by it: then with a warning', async () => {
    const ended = await runCli(['serve'], { PROXY_DATA_DIR: dataDir, PORT: '0' });
    expect([ended.code, ended.signal]).toEqual([78, null]);
    expect(ended.stderr).toContain('PROXY_SECRET_ENCRYPTION_KEY is not set');
    const stored = { PROXY_REGISTRY_ROUTING: 'off' };
    const proxy = await ProxyProcess.start({ upstream, keys: ['sk-test-env'], dataDir, env: stored });
    await until(
      () => proxy.output,
      (text) => text.includes('secrets.no_key'),
      { what: 'the warning in the log, which is written in blocks' },
    );
    const client = new LoadClient(proxy.url);
    expect((await client.send({ headers: { 'x-proxy-pool-id': 'rewrap' }, body: {} })).status).toBe(503);
    client.close();
    await proxy.dispose();
  });

  it('is changed under many secrets and traffic, killed on the way, without a failed request', async () => {
    const proxy = await ProxyProcess.start({
      upstream,
      keys: ['sk-test-env'],
      dataDir,
      env: { ...env(NEW, OLD), PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32', PROXY_ADMIN_TOKEN: TOKEN },
    });
    const client = new LoadClient(proxy.url);
    const running = new AbortController();
    const lane = async (): Promise<void> => {
      while (!running.signal.aborted)
        await client.send({ headers: { 'x-proxy-pool-id': 'rewrap' }, body: {} });
    };
    const lanes = Promise.all(Array.from({ length: 4 }, lane));
    try {
      const first = startCli(['rewrap'], env(NEW, OLD));
      await until(
        () => under(OLD_ID),
        (left) => left < SECRETS - 20,
        { timeoutMs: 30_000, what: 'some secrets moved' },
      );
      first.child.kill('SIGKILL');
      expect((await first.ended).signal).toBe('SIGKILL');
      const left = await under(OLD_ID);
      expect(left).toBeGreaterThan(0);

      const again = await runCli(['rewrap', '--json'], env(NEW, OLD));
      expect(again.code, again.stderr).toBe(0);
      expect(JSON.parse(again.stdout)).toEqual({
        finished: true,
        rewrapped: left,
        current: SECRETS - left,
        unreadable: 0,
      });
      expect([await under(OLD_ID), await under(keyIdOf(NEW))]).toEqual([0, SECRETS]);
      const seen = client.entries.length;
      await until(
        () => client.entries.filter((entry) => entry.endedAt !== null).length,
        (n) => n > seen + 20,
        { what: 'requests with secrets under the new key' },
      );
    } finally {
      running.abort();
      await lanes;
      client.close();
    }
    note('S18', 'secrets that changed their key', SECRETS);
    note('S18', 'requests meanwhile', client.entries.length);
    const failed = client.entries.filter((entry) => entry.status !== 200);
    expect(failed).toEqual([]);
    demand('S18', 'requests failed', failed.length, { exactly: 0 });
    demand('S18', 'secrets left under the old key', await under(OLD_ID), { exactly: 0 });
    await auditTells(proxy);
    await proxy.dispose();
  }, 120_000);

  it('once changed needs the one before no more; without it what is left is named', async () => {
    const done = await runCli(['rewrap'], env(NEW));
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('0 secrets moved')]);
    const strange = await runCli(['rewrap', '--json'], env(OTHER));
    expect(strange.code).toBe(1);
    expect(JSON.parse(strange.stdout)).toMatchObject({ rewrapped: 0, unreadable: SECRETS });
    expect(strange.stderr).toMatch(new RegExp(`providers prov_\\d+ [^]*… and ${SECRETS - 10} more\\.`));
    expect((await runCli(['rewrap'], { PROXY_DATA_DIR: dataDir })).code).toBe(78);
    expect((await runCli(['rewrap', '--all'], env(NEW))).code).toBe(2);
  });
});

/** One entry for each secret, in pages, newest first, and nothing of the secrets. */
async function auditTells(proxy: ProxyProcess): Promise<void> {
  const read = async (path: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${proxy.url}/admin/audit${path}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const entries: { id: string; at: number; action: string; actor: string; target_id: string }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, text } = await read(`?limit=300${cursor === '' ? '' : `&cursor=${cursor}`}`);
    expect(status).toBe(200);
    expect(text).not.toMatch(/canary|v1\./);
    const page = JSON.parse(text) as { audit: typeof entries; next_cursor: string | null };
    entries.push(...page.audit);
    cursor = page.next_cursor;
  }
  expect(new Set(entries.map(({ target_id }) => target_id)).size).toBe(SECRETS);
  expect(entries.length).toBe(SECRETS);
  expect(entries[0]).toMatchObject({ action: 'provider.rewrapped', actor: 'command' });
  expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).sort((a, b) => b - a));
  expect((await read('?limit=0')).status).toBe(400);
  expect((await read('?cursor=x')).status).toBe(400);
  expect((await fetch(`${proxy.url}/admin/audit`)).status).toBe(401);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    expect(
      (
        await fetch(`${proxy.url}/admin/audit`, {
          method,
          headers: { authorization: `Bearer ${TOKEN}` },
        })
      ).status,
    ).toBeGreaterThanOrEqual(400);
}
