import { afterEach, describe, expect, it } from 'vitest';
import { demand, size } from '../support/release.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { Rig } from '../support/rig.js';
import { parseSse } from '../support/sse.js';
import { until } from '../support/until.js';

let rig: Rig;

afterEach(() => rig.stop());

const stream = (model: string) => rig.client.send({ body: { model, stream: true } });

/** States of the `count` requests that were let in, once all have an end in SQL: with Redis a worker writes them, at its own pace. */
function states(count: number): Promise<string[]> {
  return until(
    async () => {
      const sql = "SELECT state FROM requests WHERE state <> 'rejected'";
      return (await rig.history.rows<{ state: string }>(sql)).map((r) => r.state);
    },
    (all) => all.length === count && !all.includes('in_progress'),
    { what: `${count} finished rows` },
  );
}

async function streaming(count: number): Promise<void> {
  const open = (): number =>
    rig.upstream.ledger.creates.filter((a) => a.responseBytes > 0 && a.ended === 'open').length;
  await until(open, (n) => n === count, { what: `${count} running streams` });
}

/** Status of a new request on its own connection; null = not even accepted. */
async function statusOf(path: string): Promise<number | null> {
  try {
    return (await fetch(`${rig.proxy.url}${path}`, { headers: { connection: 'close' } })).status;
  } catch {
    return null;
  }
}

describe('SIGTERM', () => {
  it('lets running streams end, takes nothing new, then exits 0', async () => {
    rig = await Rig.start();
    const running = Array.from({ length: 10 }, () => stream('plan:paced,n=30,interval=50'));
    const idle = await RawClient.open(rig.proxy.port);
    const probe = await RawClient.open(rig.proxy.port);
    probe.send(rawRequest('GET', '/healthz', []));
    await probe.untilText(/200 OK/);
    await streaming(10);
    rig.proxy.signal('SIGTERM');
    await until(
      () => statusOf('/readyz'),
      (status) => status === 503 || status === null,
      { timeoutMs: 1_000 },
    );
    // A connection that is already there must not get work in either.
    probe.send(
      rawRequest(
        'POST',
        '/v1/responses',
        ['content-type: application/json'],
        '{"model":"gpt-5.5","input":"late"}',
      ),
    );
    await until(() => probe.closed || probe.ended || /503/.test(probe.text), Boolean, {
      what: 'refusal while draining',
    });
    const seen = await Promise.all(running);
    expect(seen.every((e) => e.acknowledged && e.error === null)).toBe(true);
    expect(await rig.proxy.exited).toBe(0);
    expect(rig.upstream.ledger.creates.length).toBe(10);
    expect(await states(10)).toEqual(Array(10).fill('completed'));
    for (const raw of [idle, probe]) raw.destroy();
  });

  it('ends what is still running after the limit with an error event clients can read', async () => {
    rig = await Rig.start({ env: { PROXY_DRAIN_TIMEOUT_SECONDS: '1' } });
    const running = Array.from({ length: 8 }, () => stream('plan:paced,n=2000,interval=30'));
    await streaming(8);
    const at = performance.now();
    rig.proxy.signal('SIGTERM');
    const seen = await Promise.all(running);
    expect(await rig.proxy.exited).toBe(0);
    expect(performance.now() - at).toBeLessThan(4_000);
    for (const entry of seen) {
      const last = parseSse(entry.text).at(-1);
      expect(last?.type).toBe('error');
      expect(last?.data).toMatchObject({ type: 'error', code: 'server_shutdown' });
      expect(entry.acknowledged).toBe(false);
    }
    expect(await states(8)).toEqual(Array(8).fill('interrupted'));
  });

  it('twice ends at once and still loses no record', async () => {
    rig = await Rig.start();
    const running = Array.from({ length: 4 }, () => stream('plan:paced,n=2000,interval=30'));
    await streaming(4);
    rig.proxy.signal('SIGTERM');
    await until(
      () => statusOf('/readyz'),
      (status) => status !== 200,
    );
    rig.proxy.signal('SIGTERM');
    const at = performance.now();
    await rig.proxy.exited;
    expect(performance.now() - at).toBeLessThan(3_000);
    await Promise.all(running);
    await rig.proxy.restart();
    expect(await states(4)).toEqual(Array(4).fill('interrupted'));
  });

  it('is told to the load balancer first, and what still comes is served for as long as asked for', async () => {
    rig = await Rig.start({ env: { PROXY_DRAIN_DELAY_SECONDS: '600' } });
    rig.proxy.signal('SIGTERM');
    await until(
      () => statusOf('/readyz'),
      (status) => status === 503,
    );
    expect((await rig.client.send({ body: { model: 'gpt-5.5' } })).acknowledged).toBe(true);
    rig.proxy.signal('SIGTERM');
    expect(await rig.proxy.exited).toBe(0);
  });

  it('lets many streams end that run longer than anybody likes to wait', async () => {
    const [streams, seconds] = [size(40, 300), size(3, 20)];
    rig = await Rig.start({ env: { PROXY_DRAIN_TIMEOUT_SECONDS: '60' } });
    const running = Array.from({ length: streams }, () => stream(`plan:paced,n=${seconds * 4},interval=250`));
    await streaming(streams);
    rig.proxy.signal('SIGTERM');
    const seen = await Promise.all(running);
    const last = performance.now();
    expect(await rig.proxy.exited).toBe(0);
    const cut = seen.filter((e) => !e.acknowledged || e.error !== null);
    demand('R16', `${streams} streams of ${seconds} s, limit 60 s: cut`, cut.length, { exactly: 0 });
    demand('R16', 'exit after the last stream, ms', performance.now() - last, {
      atMost: size(10_000, 2_000),
    });
  }, 120_000);

  it('cuts many streams at the limit, each with an error event', async () => {
    const [streams, limit] = [size(40, 300), size(1, 10)];
    rig = await Rig.start({ env: { PROXY_DRAIN_TIMEOUT_SECONDS: String(limit) } });
    const running = Array.from({ length: streams }, () => stream('plan:paced,n=80,interval=250'));
    await streaming(streams);
    rig.proxy.signal('SIGTERM');
    const seen = await Promise.all(running);
    const last = performance.now();
    expect(await rig.proxy.exited).toBe(0);
    const told = seen.filter((e) => {
      const event = parseSse(e.text).at(-1);
      return event?.type === 'error' && (event.data as { code?: string }).code === 'server_shutdown';
    });
    demand('R16', `${streams} streams of 20 s, limit ${limit} s: told so`, told.length, { exactly: streams });
    demand('R16', 'exit after the last one was cut, ms', performance.now() - last, {
      atMost: size(10_000, 2_000),
    });
  }, 120_000);

  it('with nothing to do exits at once', async () => {
    rig = await Rig.start();
    const at = performance.now();
    expect(await rig.proxy.stop()).toBe(0);
    expect(performance.now() - at).toBeLessThan(2_000);
  });
});
