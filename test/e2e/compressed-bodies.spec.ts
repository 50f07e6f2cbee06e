import { createHash, randomUUID } from 'node:crypto';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROTLI_BOMB } from '../support/brotli-bomb.js';
import { Rig, key } from '../support/rig.js';
import { headerValues } from '../support/upstream-ledger.js';

type Encode = (plain: Buffer) => Buffer;

const zstd = Reflect.get(zlib, 'zstdCompressSync') as Encode | undefined;
if (zstd === undefined)
  console.warn(`\n*** SKIPPED: zstd bodies, which ${process.version} cannot read ***\n`);

const CODINGS: readonly (readonly [string, Encode])[] = [
  ['gzip', (plain) => zlib.gzipSync(plain)],
  ['deflate', (plain) => zlib.deflateSync(plain)],
  ['br', (plain) => zlib.brotliCompressSync(plain)],
  ...(zstd === undefined ? [] : [['zstd', zstd] as const]),
];

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a'), key('b'), key('c')],
    env: { PROXY_MAX_BODY_BYTES: '2000000', PROXY_MAX_BUFFERED_BYTES: '2500000' },
  });
});

afterAll(() => rig.stop());

/** A turn as Codex sends it, with the history that makes compression worth it. */
function turn(session: string, more: Record<string, unknown> = {}): Buffer {
  const history = Array.from({ length: 60 }, (_, i) => ({
    type: 'message',
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'input_text', text: `line ${i} of ${randomUUID()}` }],
  }));
  const client_metadata = { session_id: session, thread_id: session };
  const body = { model: 'gpt-5.5', stream: true, store: false, prompt_cache_key: session, client_metadata };
  return Buffer.from(JSON.stringify({ ...body, input: history, ...more }));
}

const send = (body: Buffer, coding: string) =>
  rig.client.send({ body, headers: { 'content-encoding': coding } });

describe.each(CODINGS)('a body in %s', (coding, encode) => {
  it('goes upstream exactly as it came, and is read all the same', async () => {
    const session = randomUUID();
    const body = encode(turn(session));
    const seen = await send(body, coding);
    expect(seen.status).toBe(200);
    const arrival = rig.upstream.ledger.last();
    expect(arrival.bodySha256).toBe(createHash('sha256').update(body).digest('hex'));
    expect(headerValues(arrival, 'content-encoding')).toEqual([coding]);
    expect(headerValues(arrival, 'content-length')).toEqual([String(body.length)]);
    expect(arrival.json?.['prompt_cache_key']).toBe(session);
    const row = await rig.history.finished(seen.proxyRequestId);
    expect(row).toMatchObject({
      state: 'completed',
      session_id: session,
      model: 'gpt-5.5',
      request_bytes: body.length,
      input_tokens: arrival.usage?.input_tokens,
      output_tokens: arrival.usage?.output_tokens,
    });
  });

  it('is captured as it was sent, with its coding, and read without it when that is asked for', async () => {
    const plain = turn(randomUUID());
    const body = encode(plain);
    const seen = await send(body, coding);
    await rig.history.finished(seen.proxyRequestId);
    const kept = await fetch(`${rig.proxy.url}/admin/requests/${seen.proxyRequestId}/body/request`);
    expect(kept.headers.get('x-captured-content-encoding')).toBe(coding);
    expect(Buffer.from(await kept.arrayBuffer()).equals(body)).toBe(true);
    const text = await fetch(`${kept.url}?decoded=1`);
    expect(text.headers.get('x-captured-note')).toBeNull();
    expect(await text.text()).toBe(plain.toString());
  });

  it('keeps its session and its stored responses on one key', async () => {
    const session = randomUUID();
    const keys = new Set<string | null>();
    for (let i = 0; i < 6; i += 1) {
      expect((await send(encode(turn(session)), coding)).status).toBe(200);
      keys.add(rig.upstream.ledger.last().key);
    }
    expect(keys.size).toBe(1);
    await send(encode(turn(session, { store: true, stream: false })), coding);
    const { responseId, key: owner } = rig.upstream.ledger.last();
    const next = await send(encode(turn(randomUUID(), { previous_response_id: responseId })), coding);
    expect(next.status).toBe(200);
    expect(rig.upstream.ledger.last().key).toBe(owner);
  });

  it('is refused like a plain one for what is in it, and nothing is sent', async () => {
    const before = rig.upstream.ledger.traffic.length;
    for (const [text, code] of [
      ['{"model":"a","model":"b"}', 'duplicate_key'],
      ['[]', 'invalid_json'],
      [`{"input":"${'x'.repeat(2_000_001)}"}`, 'body_too_large'],
    ] as const) {
      const seen = await send(encode(Buffer.from(text)), coding);
      expect(seen.text).toContain(`"code":"${code}"`);
    }
    const cut = encode(turn(randomUUID()));
    expect(await send(cut.subarray(0, cut.length - 10), coding)).toMatchObject({ status: 400 });
    expect(await send(turn(randomUUID()), coding)).toMatchObject({ status: 400 });
    expect(rig.upstream.ledger.traffic.length).toBe(before);
  });
});

describe('codings that are not read', () => {
  it.each(['compress', 'gzip, br', 'identity, gzip', 'snappy'])('%s is 415', async (coding) => {
    const before = rig.upstream.ledger.traffic.length;
    const seen = await send(turn(randomUUID()), coding);
    expect(seen.status).toBe(415);
    expect(seen.text).toContain('unsupported_content_encoding');
    expect(seen.text).toContain('gzip, deflate, br');
    expect(rig.upstream.ledger.traffic.length).toBe(before);
  });

  it('identity is no coding', async () => {
    const body = turn(randomUUID());
    expect((await send(body, 'identity')).status).toBe(200);
    expect(rig.upstream.ledger.last().bodySha256).toBe(createHash('sha256').update(body).digest('hex'));
  });
});

describe('bodies that are larger than they look', () => {
  it('bombs of 316 bytes are 413, and fifty at once cost little memory', async () => {
    const before = rig.proxy.rssMb();
    await rig.client.run(100, 50, () => ({ body: BROTLI_BOMB, headers: { 'content-encoding': 'br' } }));
    expect(rig.client.entries.slice(-100).every((entry) => entry.status === 413)).toBe(true);
    expect(rig.proxy.rssMb() - before).toBeLessThan(150);
  });

  it('count against the bytes held at once while they are read, and no longer', async () => {
    const big = Buffer.from(
      JSON.stringify({ model: 'gpt-5.5', input: Array.from({ length: 45_000 }, () => randomUUID()) }),
    );
    const gzipped = zlib.gzipSync(big);
    expect(big.length).toBeLessThan(2_000_000);
    expect(big.length + gzipped.length).toBeGreaterThan(2_500_000);
    const refused = await send(gzipped, 'gzip');
    expect(refused.status).toBe(503);
    expect(refused.text).toContain('PROXY_MAX_BUFFERED_BYTES');
    expect((await send(zlib.gzipSync(turn(randomUUID())), 'gzip')).status).toBe(200);
  });
});
