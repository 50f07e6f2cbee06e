import { Agent, request, type ClientRequest } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demand, note } from '../support/release.js';
import { key, Rig } from '../support/rig.js';
import { until } from '../support/until.js';

const CONNECTIONS = 1_000;
const MOST = 50;

let rig: Rig;
const open: ClientRequest[] = [];
beforeAll(async () => {
  // Of the machine's addresses only one counts as local.
  rig = await Rig.start({
    keys: [key('1')],
    env: { PROXY_ANONYMOUS_ACCESS: 'telemetry', PROXY_MAX_CONNECTIONS: '5000' },
  });
});
afterAll(async () => {
  for (const one of open) one.destroy();
  await rig.stop();
});

it(`of ${CONNECTIONS} readers of live events ${MOST} are kept, told the same at the same time, and nobody warns of a leak`, async () => {
  const agent = new Agent({ maxSockets: Infinity });
  const statuses: number[] = [];
  const heard: string[] = [];
  for (let n = 0; n < CONNECTIONS; n++) {
    const options = { agent, localAddress: `127.0.0.${1 + (n % 10)}`, headers: { host: '127.0.0.1' } };
    const req = request(`${rig.proxy.url}/admin/events`, options, (res) => {
      statuses.push(res.statusCode ?? 0);
      const at = res.statusCode === 200 ? heard.push('') - 1 : -1;
      res
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => at >= 0 && (heard[at] += chunk.toString()));
    });
    req.on('error', () => undefined).end();
    open.push(req);
  }
  await until(
    () => statuses.length,
    (n) => n === CONNECTIONS,
    { timeoutMs: 20_000, what: 'an answer for each' },
  );
  note('S16', 'connections for live events', CONNECTIONS);
  demand('S16', 'of them kept', statuses.filter((status) => status === 200).length, { exactly: MOST });
  expect(statuses.filter((status) => status === 503).length).toBe(CONNECTIONS - MOST);
  await rig.client.send({ body: {} });
  const timestamps = (text: string): string[] =>
    [...text.matchAll(/"timestamp":(\d+)/g)].map((m) => m[1] ?? '');
  await until(() => heard.every((text) => timestamps(text).length >= 3), {
    timeoutMs: 15_000,
    what: 'three events for each',
  });
  // One source: what is sent to one after the first event is, byte for byte, what is sent to all.
  const last = heard.map((text) => timestamps(text)[2]);
  expect(new Set(last).size).toBeLessThanOrEqual(3);
  expect(rig.proxy.output).not.toMatch(/MaxListenersExceeded|unhandled/i);
  expect((await fetch(`${rig.proxy.url}/healthz`)).status).toBe(200);
}, 60_000);
