import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demand, quantile, size } from '../support/release.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { Rig } from '../support/rig.js';
import { pause, until } from '../support/until.js';

const MB = 1024 * 1024;
const CLIENTS = size(20, 200);
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});

afterAll(() => rig.stop());

/** Bytes the upstream got rid of, once they have stopped rising. */
async function settled(read: () => number): Promise<number> {
  let last = -1;
  return until(
    async () => {
      const before = read();
      await pause(300);
      const rising = before !== read() || before !== last;
      last = before;
      return rising ? -1 : before;
    },
    (n) => n >= 0,
    { timeoutMs: 60_000, what: 'upstream paused' },
  );
}

/** Of fifty streams at a time: from the first byte to the last. */
async function healthyP99(): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < size(1, 10); round += 1) {
    const all = await Promise.all(
      Array.from({ length: 50 }, () => rig.client.send({ body: { stream: true } })),
    );
    expect(all.every((e) => e.acknowledged)).toBe(true);
    times.push(...all.map((e) => (e.endedAt ?? Infinity) - e.sentAt));
  }
  return quantile(times, 0.99);
}

describe('clients that do not read', () => {
  it.each(['fault:big,mb=50', 'fault:big,mb=50,sse=1'])(
    'pause the upstream and cost little memory (%s)',
    async (model) => {
      const alone = await healthyP99();
      const before = rig.proxy.rssMb();
      const from = rig.upstream.ledger.creates.length;
      const clients: RawClient[] = [];
      for (let i = 0; i < CLIENTS; i += 1) {
        const raw = await RawClient.open(rig.proxy.port);
        raw.socket.pause();
        raw.send(
          rawRequest(
            'POST',
            '/v1/responses',
            ['content-type: application/json'],
            JSON.stringify({ model, input: 'x' }),
          ),
        );
        clients.push(raw);
      }
      await until(
        () => rig.upstream.ledger.creates.length,
        (n) => n >= from + CLIENTS,
        { timeoutMs: 60_000 },
      );
      const arrivals = rig.upstream.ledger.creates.slice(from);
      await until(() => arrivals.every((a) => a.paused), Boolean, { what: 'back pressure at the upstream' });
      const taken = await settled(() => arrivals.reduce((sum, a) => sum + a.responseBytes, 0));
      expect(taken / CLIENTS).toBeLessThan(25 * MB);
      expect(arrivals.every((a) => a.ended === 'open')).toBe(true);
      const beside = await healthyP99();
      demand('R14', `memory for ${CLIENTS} clients that do not read, MB`, rig.proxy.rssMb() - before, {
        atMost: 150,
      });
      // A few milliseconds are noise of the machine.
      const limit = { atMost: size(10, 2) * Math.max(alone, 5) };
      demand('R14', 'p99 of 50 healthy streams beside them, ms', beside, limit);

      const [first] = clients;
      first?.socket.resume();
      await until(
        () => first?.size ?? 0,
        (n) => n > 50 * MB,
        { timeoutMs: 20_000, what: 'the whole body once read' },
      );
      const healthy = await rig.client.send({ body: {} });
      expect(healthy.status).toBe(200);
      for (const raw of clients) raw.destroy();
      await rig.proxy.idle();
    },
    180_000,
  );

  it('are cut off after the stall limit', async () => {
    const strict = await Rig.start({ env: { PROXY_CLIENT_STALL_TIMEOUT_SECONDS: '1' } });
    const raw = await RawClient.open(strict.proxy.port);
    raw.socket.pause();
    raw.send(
      rawRequest(
        'POST',
        '/v1/responses',
        ['content-type: application/json'],
        JSON.stringify({ model: 'fault:big,mb=50', input: 'x' }),
      ),
    );
    await until(
      () => strict.upstream.ledger.last().ended,
      (ended) => ended === 'client_closed',
      { what: 'cut' },
    );
    await strict.proxy.idle();
    raw.destroy();
    await strict.stop();
  });
});
