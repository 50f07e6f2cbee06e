import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../support/backend.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { LoadClient, type LoadEntry } from '../support/load-client.js';
import { demand, note, size } from '../support/release.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { Rig, inPool, key } from '../support/rig.js';
import { pause, until } from '../support/until.js';

const FORMS = [
  ['JSON', false],
  ['stream', true],
] as const;
const POOLS = 17;
let rig: Rig;
let nextPool = 0;

beforeAll(async () => {
  rig = await Rig.pooled(POOLS, 1, {
    env: {
      PROXY_FIRST_BYTE_TIMEOUT_SECONDS: '1',
      PROXY_IDLE_TIMEOUT_SECONDS: '1',
      PROXY_REQUEST_TIMEOUT_SECONDS: '4',
    },
  });
});

afterAll(() => rig.stop());

afterEach(async () => {
  await rig.proxy.idle();
  expect(rig.proxy.output).not.toMatch(/unhandled/i);
});

function ownPool(): Record<string, string> {
  if (nextPool >= POOLS) throw new Error('no pool left: raise POOLS');
  return inPool(`p${nextPool++}`);
}

const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;

describe('usage that makes no sense', () => {
  it.each(FORMS)('is not recorded as numbers (%s)', async (_, stream) => {
    const seen = await rig.client.send({ headers: ownPool(), body: { model: 'fault:malformed', stream } });
    const row = await rig.history.finished(seen.proxyRequestId);
    expect(row.state).toBe('completed');
    expect(row.input_tokens).toBeNull();
    expect(row.total_tokens).toBeNull();
  });
});

describe('limits of one attempt', () => {
  it('the total limit cuts a stream that never ends', async () => {
    const model = 'plan:paced,n=400,interval=50';
    const seen = await rig.client.send({ headers: ownPool(), body: { model, stream: true } });
    expect(seen.error).toBe('cut');
    expect((seen.endedAt ?? 0) - seen.sentAt).toBeLessThan(6_000);
    expect((await rig.history.finished(seen.proxyRequestId)).state).toBe('timeout');
  });
});

/** Takes connections and reads nothing that comes over them. */
class DeafServer {
  readonly #sockets: Socket[] = [];
  readonly #server = createTcpServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    this.#sockets.push(socket);
  });

  /** More than the sockets between them hold, so that the end of it cannot leave. */
  async uploadThrough({ proxy, client }: Rig): Promise<LoadEntry> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const base_url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
    await proxy.admin('/admin/providers', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        id: 'deaf',
        name: 'Deaf',
        base_url,
        pool_id: 'deaf',
        credential_ref: 'env:DEAF_KEY',
      }),
    });
    return client.send({
      headers: inPool('deaf'),
      body: { input: 'x'.repeat(16_000_000) },
      keepText: true,
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('nothing until a total limit', () => {
  it.each([
    // As by default. The HTTP client's own limit of that length would be up to half a second early, by where its clock of
    // that step stands, and the total limit's name would let a key that never answers stay for ever.
    ['that equals the limit for the first byte is named by that one, and the key put aside', '1.2', true],
    ['that comes before the limit for the first byte is named as such', '1.3', false],
  ])('%s', async (_, firstByte, equal) => {
    const limits = { PROXY_REQUEST_TIMEOUT_SECONDS: '1.2', PROXY_FIRST_BYTE_TIMEOUT_SECONDS: firstByte };
    const allowed = { PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32', DEAF_KEY: 'sk-test-deaf' };
    const brief = await Rig.start({ keys: [key('1')], env: { ...limits, ...allowed } });
    const deaf = new DeafServer();
    try {
      const uploaded = deaf.uploadThrough(brief);
      const sent = Array.from({ length: 9 }, async (_each, n) => {
        await pause(n * 55);
        return brief.client.send({ body: { model: 'fault:hang' }, keepText: true });
      });
      const seen = await Promise.all(sent);
      const code = equal ? 'upstream_first_byte_timeout' : 'upstream_total_timeout';
      expect(seen.map((one) => `${one.status} ${codeOf(one.text)}`)).toEqual(seen.map(() => `504 ${code}`));
      expect((await brief.history.finished(seen[0]?.proxyRequestId ?? '')).state).toBe('timeout');
      expect((await brief.proxy.state()).resources[0]?.['health']).toMatchObject({ reason: 'server_errors' });
      // What was not taken whole has not run, whatever limit ends it.
      const { status, text, proxyRequestId } = await uploaded;
      expect(`${status} ${codeOf(text)}`).toBe('504 upstream_total_timeout');
      const { id, state } = await brief.history.finished(proxyRequestId);
      expect(state).toBe('timeout');
      const [attempt] = await brief.history.rows<{ class: string; bytes_sent: number }>(
        `SELECT class, bytes_sent FROM attempts WHERE request_id = '${id}'`,
      );
      expect(attempt?.class).toBe('A');
      expect(attempt?.bytes_sent).toBeGreaterThan(0);
      expect(attempt?.bytes_sent).toBeLessThan(16_000_000);
    } finally {
      deaf.close();
      await brief.stop();
    }
  });
});

describe('an answer that comes before the request is over', () => {
  it('is delivered', async () => {
    const pool = ownPool();
    rig.upstream.faults.set(rig.keysOf(pool['x-proxy-pool-id'] ?? '')[0] ?? '', 'fault:early_413,lingers=1');
    for (let n = 0; n < 2; n += 1) {
      const seen = await rig.client.send({ headers: pool, body: { input: 'x'.repeat(5_000_000) } });
      expect([seen.status, codeOf(seen.text)]).toEqual([413, 'request_too_large']);
    }
    expect(rig.upstream.ledger.creates.filter((a) => a.fault === 'early_413').length).toBe(2);
  });

  it('is delivered when the upstream cuts the rest off', async () => {
    const pool = ownPool();
    rig.upstream.faults.set(rig.keysOf(pool['x-proxy-pool-id'] ?? '')[0] ?? '', 'fault:early_413');
    const seen: (number | null)[] = [];
    for (let n = 0; n < 10; n += 1)
      seen.push((await rig.client.send({ headers: pool, body: { input: 'x'.repeat(5_000_000) } })).status);
    expect(new Set(seen)).toEqual(new Set([413]));
  });

  it('a reset while the body is on its way is not taken for an answer', async () => {
    const pool = ownPool();
    rig.upstream.faults.set(rig.keysOf(pool['x-proxy-pool-id'] ?? '')[0] ?? '', 'fault:reset_upload');
    const seen = await rig.client.send({ headers: pool, body: { input: 'x'.repeat(5_000_000) } });
    expect(seen.status).toBeGreaterThanOrEqual(500);
    expect(rig.upstream.ledger.last().bodyComplete).toBe(false);
  });
});

describe('a redirect', () => {
  let elsewhere: Server;
  let hits = 0;

  beforeAll(async () => {
    elsewhere = createServer((_, res) => {
      hits += 1;
      res.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => elsewhere.close());

  it('is never followed, so the key goes nowhere else', async () => {
    const to = encodeURIComponent(
      `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/responses`,
    );
    for (const status of [301, 302, 303, 307, 308]) {
      await rig.client.send({
        headers: ownPool(),
        body: { model: `fault:redirect,status=${status},to=${to}` },
      });
    }
    expect(hits).toBe(0);
  });
});

describe('an upstream that is away', () => {
  it('is 502 or 503 at once while nobody listens, and served again when it is back', async () => {
    const port = await freePort();
    const backend = await Backend.start();
    const proxy = await ProxyProcess.start({
      upstream: `http://127.0.0.1:${port}/v1`,
      keys: ['sk-away-1', 'sk-away-2'],
      env: { ...backend.env, PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '1' },
    });
    const client = new LoadClient(proxy.url);
    for (let i = 0; i < 12; i += 1) {
      const seen = await client.send({ body: {} });
      expect([502, 503]).toContain(seen.status);
      expect(['upstream_unreachable', 'no_available_resources']).toContain(codeOf(seen.text));
      expect((seen.endedAt ?? 0) - seen.sentAt).toBeLessThan(500);
    }
    const upstream = await FakeUpstream.start({ keys: ['sk-away-1', 'sk-away-2'], port });
    await until(
      () => client.send({ body: {} }),
      (seen) => seen.status === 200,
      { timeoutMs: 15_000, everyMs: 100 },
    );
    client.close();
    await proxy.dispose();
    await backend.stop();
    await upstream.stop();
  });
});

describe('an upstream that closes idle connections', () => {
  it('costs no request and none twice', async () => {
    const idle = await Rig.start({ upstream: { idleCloseMs: 5_000 } });
    const bursts = size(3, 11);
    const each = size(60, 182);
    for (let burst = 0; burst < bursts; burst += 1) {
      // Bursts with gaps around the time at which idle connections go away: 4.5 to 5.5 s.
      const at = performance.now() + (burst === 0 ? 0 : 4_500 + ((burst * 300) % 1_100));
      await until(() => performance.now() >= at, Boolean, { timeoutMs: 10_000 });
      await idle.client.run(each, 20, (n) => ({ body: { stream: n % 2 === 0 } }));
    }
    const failed = idle.client.entries.filter((e) => e.status !== 200 || !e.acknowledged);
    expect(failed).toEqual([]);
    note('R9', 'requests', bursts * each);
    demand('R9', 'failures', failed.length, { exactly: 0 });
    demand('R9', 'arrivals more than requests', idle.upstream.ledger.creates.length - bursts * each, {
      exactly: 0,
    });
    await idle.stop();
  }, 120_000);
});

describe('a line without an end', () => {
  it('flows through while the parser gives up, and memory stays bounded', async () => {
    const before = rig.proxy.rssMb();
    const raw = await RawClient.open(rig.proxy.port);
    const body = JSON.stringify({ model: 'fault:big,mb=64,sse=1', input: 'x', stream: true });
    const headers = ['content-type: application/json', `x-proxy-pool-id: ${ownPool()['x-proxy-pool-id']}`];
    raw.send(rawRequest('POST', '/v1/responses', headers, body));
    await until(
      () => raw.size,
      (n) => n > 64 * 1024 * 1024,
      { timeoutMs: 20_000, what: '64 MB' },
    );
    expect(rig.proxy.rssMb() - before).toBeLessThan(150);
    const id = /x-proxy-request-id: (\S+)/i.exec(raw.text.slice(0, 4_096))?.[1] ?? null;
    expect(await rig.history.finished(id)).toMatchObject({ state: 'incomplete', total_tokens: null });
    const kept = await rig.history.rows(
      `SELECT truncated, captured_size < size AS part FROM bodies WHERE request_id = '${id}' AND direction = 'response'`,
    );
    expect(kept).toEqual([{ truncated: 1, part: 1 }]);
    raw.destroy();
  });
});
