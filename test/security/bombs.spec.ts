import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROTLI_BOMB } from '../support/brotli-bomb.js';
import { askRaw } from '../support/raw-ask.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { demand, size } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';

const MB = 1024 * 1024;
const TYPE = 'content-type: application/json';
const LIMIT_MS = size(1_500, 150);
let ws: SocketRig;
beforeAll(async () => {
  ws = await SocketRig.start();
  await ws.rig.client.send({ body: {} });
});
afterAll(() => ws.stop());

/** In a thread of its own: what the test itself does must not pass for the proxy's. */
const BYSTANDER = `
const { parentPort, workerData: { url, over } } = require('node:worker_threads');
(async () => {
  let longest = 0;
  while (Atomics.load(over, 0) === 0) {
    const begun = performance.now();
    await (await fetch(url)).text();
    longest = Math.max(longest, performance.now() - begun);
  }
  parentPort.postMessage(longest);
})();
`;

/** What others notice while it lasts: the longest wait for /healthz in ms, and the growth of memory in MB. */
async function bystanders(attack: () => Promise<void>): Promise<{ waited: number; grown: number }> {
  const before = ws.proxy.rssMb();
  const over = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { url: `${ws.proxy.url}/healthz`, over };
  const bystander = new Worker(BYSTANDER, { eval: true, workerData });
  await once(bystander, 'online');
  let grown = 0;
  const memory = setInterval(() => (grown = Math.max(grown, ws.proxy.rssMb() - before)), 20);
  await attack();
  clearInterval(memory);
  Atomics.store(over, 0, 1);
  const [waited] = (await once(bystander, 'message')) as [number];
  await bystander.terminate();
  return { waited, grown };
}

const post = async (
  body: string | Buffer,
  statuses: readonly (number | null)[],
  more: readonly string[] = [],
): Promise<void> => {
  const answer = await askRaw(
    ws.proxy.port,
    rawRequest('POST', '/v1/responses', [TYPE, ...more], body),
    20_000,
  );
  expect(answer.hung).toBe(false);
  expect(statuses, answer.text.slice(0, 300)).toContain(answer.status);
};
const million = 1_000_000;
const masked = (opcode: number): Buffer => Buffer.from([opcode, 0x81, 0, 0, 0, 0, 0x78]);

/** What it is, and what it does. */
const BOMBS: readonly (readonly [string, () => Promise<void>])[] = [
  ['a few hundred bytes of brotli that are 200 MB', () => post(BROTLI_BOMB, [413], ['content-encoding: br'])],
  [
    'gzip of a thousand to one',
    () => post(gzipSync(Buffer.alloc(60 * MB, 0x20)), [413], ['content-encoding: gzip']),
  ],
  [
    'gzip in gzip in gzip',
    () =>
      post(
        gzipSync(gzipSync(gzipSync(Buffer.alloc(60 * MB)))),
        [415],
        ['content-encoding: gzip, gzip, gzip'],
      ),
  ],
  [
    `${size(3, 15)} MB of empty objects`,
    () => post(`{"model":"gpt-5.5","input":[${'{},'.repeat(size(1, 5) * million)}{}]}`, [200, 400]),
  ],
  [
    `${size(6, 16)} MB of numbers`,
    () => post(`{"model":"gpt-5.5","input":[${'1,'.repeat(size(3, 8) * million)}1]}`, [200, 400]),
  ],
  ['a million levels of arrays', () => post(`{"input":${'['.repeat(million)}${']'.repeat(million)}}`, [400])],
  ['a million levels of objects', () => post(`${'{"a":'.repeat(million)}1${'}'.repeat(million)}`, [400])],
  ['a million names', () => post(`{${'"a":1,'.repeat(million)}"model":"gpt-5.5"}`, [200, 400])],
  [
    'a number of a million digits',
    () => post(`{"model":"gpt-5.5","max_output_tokens":${'9'.repeat(million)}}`, [200, 400]),
  ],
  [
    'an escape in every character',
    () => post(`{"model":"gpt-5.5","input":"${'\\u0041'.repeat(million)}"}`, [200]),
  ],
  [
    '2,050 header fields',
    () =>
      post(
        '{"model":"gpt-5.5"}',
        [431],
        Array.from({ length: 2_050 }, (_, i) => `x-${i}: v`),
      ),
  ],
  [
    'a search for everything',
    async () => {
      for (const text of ['%25'.repeat(1_000), '_'.repeat(3_000), '%25_'.repeat(900), '*'.repeat(3_000)])
        expect([200, 400]).toContain((await fetch(`${ws.proxy.url}/admin/requests?model=${text}`)).status);
    },
  ],
  [
    `a line of ${size(16, 64)} MB in a stream`,
    async () => {
      const seen = await ws.rig.client.send({
        body: { model: `fault:big,mb=${size(16, 64)},sse=1`, stream: true },
        keepText: false,
        abortWhen: (entry) => {
          entry.text = '';
          return false;
        },
      });
      expect(seen.status).toBe(200);
    },
  ],
  [
    `${size(20_000, 131_000)} fragments on each of ${size(10, 30)} WebSockets`,
    async () => {
      const flood = Buffer.concat([
        masked(0x01),
        ...Array.from({ length: size(20_000, 131_000) }, () => masked(0x00)),
      ]);
      const floods = await Promise.all(
        Array.from({ length: size(10, 30) }, () => RawClient.open(ws.proxy.port)),
      );
      for (const raw of floods) raw.send(rawRequest('GET', '/v1/responses', UPGRADE));
      await Promise.all(floods.map((raw) => raw.untilText(/101 Switching/)));
      for (const raw of floods) raw.send(flood);
      await until(() => floods.every((raw) => raw.closed || raw.ended), { what: 'every flood cut' });
      for (const raw of floods) raw.destroy();
    },
  ],
  [
    '500 heads that never end',
    async () => {
      const slow = await Promise.all(Array.from({ length: 500 }, () => RawClient.open(ws.proxy.port)));
      for (const raw of slow) raw.send('POST /v1/responses HTTP/1.1\r\nx: ');
      expect((await ws.rig.client.send({ body: {} })).status).toBe(200);
      for (const raw of slow) raw.destroy();
    },
  ],
];

describe('little that becomes much', () => {
  it.each(BOMBS)(
    '%s',
    async (what, attack) => {
      let [waited, grown] = [Infinity, Infinity];
      // A machine with other work makes everybody wait; it does not hide who never has to.
      for (let round = 0; round < 3 && waited > LIMIT_MS; round++) {
        const seen = await bystanders(attack);
        waited = Math.min(waited, seen.waited);
        grown = Math.min(grown, seen.grown);
      }
      demand('S14', `${what}: longest wait of others, ms`, waited, { atMost: LIMIT_MS });
      demand('S14', `${what}: growth of memory, MB`, grown, { atMost: 200 });
      await ws.proxy.idle(10_000);
      expect(ws.proxy.output).not.toMatch(/unhandled|failed inside/i);
    },
    60_000,
  );
});
