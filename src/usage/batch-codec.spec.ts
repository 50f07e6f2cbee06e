import { randomBytes } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { finished, started } from '../../test/support/telemetry-records.js';
import { sampleRecords } from '../../test/support/telemetry-sample.js';
import { decodeBatch, encodeBatch } from './batch-codec.js';
import type { BodyRecord, TelemetryRecord } from './records.js';

const META = { contentType: null, contentEncoding: null, truncated: false } as const;
const bodyOf = (size: number): { record: BodyRecord; body: Buffer } => ({
  record: { t: 'body', id: 'r1', at: 1, direction: 'request', size, ...META },
  body: randomBytes(size),
});
const of = (record: TelemetryRecord) => ({ record, body: null });

/** An encoded batch with its plain bytes changed. */
async function tampered(change: (plain: Buffer) => Buffer): Promise<string> {
  const text = await encodeBatch([of(started('r1')), of(finished('r1'))]);
  const plain = brotliDecompressSync(Buffer.from(text ?? '', 'base64'));
  return brotliCompressSync(change(plain)).toString('base64');
}

describe('batch codec', () => {
  it('gives back what it was given, bodies byte for byte', async () => {
    const batch = [...sampleRecords(), bodyOf(0), bodyOf(10), bodyOf(300_000), of(finished('last'))];
    const decoded = await decodeBatch(await encodeBatch(batch));
    expect(decoded.map(({ record }) => record)).toEqual(batch.map(({ record }) => record));
    expect(
      decoded.every(({ body }, i) => (body ?? Buffer.alloc(0)).equals(batch[i]?.body ?? Buffer.alloc(0))),
    ).toBe(true);
  });

  it('lets nothing travel that is too large for Redis', async () => {
    expect(await encodeBatch([bodyOf(30 * 1024 * 1024)])).toBe(null);
    expect(await encodeBatch([bodyOf(65 * 1024 * 1024)])).toBe(null);
    expect(await encodeBatch([bodyOf(10 * 1024 * 1024)])).not.toBe(null);
  });

  it.each([
    ['nothing', undefined],
    ['a number', 7],
    ['an empty text', ''],
    ['no base64', '%%%'],
    ['no compression', Buffer.from('hello').toString('base64')],
    ['no record', brotliCompressSync(Buffer.alloc(8)).toString('base64')],
    ['what versions before have sent', deflateRawSync(Buffer.alloc(8)).toString('base64')],
    ['too much text', 'A'.repeat(33 * 1024 * 1024)],
    ['a bomb', brotliCompressSync(Buffer.alloc(200 * 1024 * 1024)).toString('base64')],
  ])('refuses %s', async (_what, text) => {
    await expect(decodeBatch(text)).rejects.toThrow();
  });

  it('refuses a batch with a changed, a missing and an extra byte', async () => {
    const flipped = await tampered((plain) => {
      plain[60]! ^= 1;
      return plain;
    });
    await expect(decodeBatch(flipped)).rejects.toThrow('damaged');
    await expect(decodeBatch(await tampered((plain) => plain.subarray(0, -1)))).rejects.toThrow('damaged');
    const longer = await tampered((plain) => Buffer.concat([plain, Buffer.from([0])]));
    await expect(decodeBatch(longer)).rejects.toThrow('damaged');
  });

  it('refuses records of a kind it does not know', async () => {
    const unknown = { t: 'later', id: 'r1', at: 1 } as unknown as TelemetryRecord;
    await expect(decodeBatch(await encodeBatch([of(unknown)]))).rejects.toThrow('damaged');
  });
});
