import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestOf } from '../../test/support/best-of.js';
import { parseObject } from './usage-parser.js';
import {
  COUNTED,
  DIGEST,
  EVENTS,
  TERMINAL,
  USAGE,
  done,
  json,
  response,
  run,
  sse,
  tapFor,
} from '../../test/support/responses-stream.js';

describe('UsageTap on usage', () => {
  it.each([
    [null, null],
    ['12', null],
    [[], null],
    [{}, null],
    [{ input_tokens: '12' }, null],
    [{ input_tokens: -1, output_tokens: 2 }, null],
    [{ input_tokens: 1.5 }, null],
    [{ input_tokens: 1, output_tokens_details: { reasoning_tokens: 'x' } }, null],
    [{ input_tokens: 0 }, { inputTokens: 0, outputTokens: null, cachedTokens: null, totalTokens: null }],
    [
      { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
    ],
    [
      { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } },
      { inputTokens: 3, cachedTokens: 2 },
    ],
    [
      { input_tokens: 3, input_tokens_details: null },
      { inputTokens: 3, cachedTokens: null },
    ],
    [{ input_tokens: 3, input_tokens_details: 'x', other: [1] }, { inputTokens: 3 }],
  ])('%j → %j', (usage, expected) => {
    const result = json(response('completed', { usage }));
    if (expected === null) expect(result.usage).toBeNull();
    else expect(result.usage).toMatchObject(expected);
  });

  it('does not believe 1e309', () => {
    const body = '{"object":"response","id":"resp_1","status":"completed","usage":{"input_tokens":1e309}}';
    expect(json(body)).toMatchObject({ usage: null, responseId: 'resp_1', terminal: 'completed' });
  });
});

describe('UsageTap on JSON', () => {
  it('reads a response, and says so with its last byte', () => {
    expect(json(done)).toMatchObject({
      terminal: 'completed',
      usage: COUNTED,
      responseId: 'resp_1',
      conversationId: 'conv_1',
      servedModel: 'gpt-5.5-2026',
      sealedDigests: [DIGEST],
      isSse: false,
      ends: [0],
    });
    expect(json(done, { contentLength: null })).toMatchObject({ usage: COUNTED, ends: [] });
    expect(json(done, { maxCaptureBytes: 0 })).toMatchObject({ usage: COUNTED, captured: { chunks: [] } });
  });

  it.each([
    ['the tier that served', { service_tier: 'priority' }, { serviceTier: 'priority' }],
    ['a tier that is none', { service_tier: null }, { serviceTier: null }],
    ['queued', { status: 'queued' }, { terminal: null, responseId: 'resp_1' }],
    ['no object', { object: undefined }, { terminal: 'completed', responseId: 'resp_1' }],
    ['conversation as text', { conversation: 'conv_2' }, { conversationId: 'conv_2' }],
    [
      'a failed one',
      { status: 'failed', error: { code: 'c', message: 'm' } },
      { terminal: 'failed', errorCode: 'c' },
    ],
    ['a deleted one', { deleted: true }, { responseId: null }],
    ['a compaction', { object: 'response.compaction', usage: USAGE }, { responseId: null, usage: COUNTED }],
  ])('%s', (_name, extra, expected) => {
    expect(json(response('completed', extra))).toMatchObject(expected);
  });

  it.each([
    [
      { object: 'response.input_tokens', input_tokens: 9 },
      { usage: null, responseId: null, terminal: null },
    ],
    [
      { object: 'conversation', id: 'conv_9' },
      { conversationId: 'conv_9', responseId: null },
    ],
    [{ object: 'conversation.deleted', id: 'conv_9', deleted: true }, { conversationId: null }],
    [
      { error: { message: 'm', type: 't', param: null, code: null } },
      { terminal: 'error', errorCode: 't', errorMessage: 'm' },
    ],
    [
      { object: 'list', data: [{ id: 'resp_x', object: 'response', usage: USAGE }] },
      { responseId: null, usage: null },
    ],
    [
      { type: 'code_interpreter_call', id: 'ci_1', code: 'x', message: 'y' },
      { terminal: null, errorCode: null },
    ],
  ])('%j', (body, expected) => {
    expect(json(body)).toMatchObject(expected);
  });

  it.each([
    '',
    '<html>',
    '[]',
    '"x"',
    '{"id":"resp_1"',
    '{"id":"resp_1"}}',
    '{"usage":{"input_tokens":1}',
    '{"usage":{]}}',
  ])('knows nothing from %j', (body) => {
    expect(json(body)).toMatchObject({ usage: null, responseId: null, terminal: null });
  });

  it('reads the usage of more than 16 MB, and keeps what may be captured', () => {
    const tap = tapFor({ contentType: 'application/json', maxCaptureBytes: 10 });
    tap.push(Buffer.from('{"object":"response","x":"'));
    for (let i = 0; i < 20; i++) tap.push(Buffer.alloc(1_048_576, 0x61));
    tap.push(Buffer.from(`","usage":${JSON.stringify(USAGE)}}`));
    tap.end();
    expect(tap.result()).toMatchObject({ usage: COUNTED, captured: { truncated: true } });
    expect(Buffer.concat(tap.result().captured.chunks).toString()).toBe('{"object":');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('reads through %s and captures it as it came', (contentEncoding, compress) => {
    const body = compress(Buffer.from(JSON.stringify(done)));
    const over = { contentType: 'application/json', contentEncoding, contentLength: body.length };
    const result = run(tapFor(over), [body.subarray(0, 20), body.subarray(20)]);
    expect(result).toMatchObject({ usage: COUNTED, ends: [1] });
    expect(Buffer.concat(result.captured.chunks).equals(body)).toBe(true);
    const stream = compress(Buffer.from(sse([...EVENTS, TERMINAL])));
    expect(run(tapFor({ contentEncoding }), [stream])).toMatchObject({
      terminal: 'completed',
      usage: COUNTED,
      isSse: true,
    });
  });

  it.each([
    ['gzip', Buffer.from('not gzip')],
    ['gzip', gzipSync(Buffer.alloc(200_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
    ['zstd', Buffer.from(JSON.stringify(done))],
    ['gzip, br', gzipSync(Buffer.from(JSON.stringify(done)))],
  ])('goes without usage when %s cannot be read within bounds', (contentEncoding, body) => {
    const read = () => run(tapFor({ contentType: 'application/json', contentEncoding }), [body]);
    expect(read().usage).toBeNull();
    expect(bestOf(3, read)).toBeLessThan(500);
  });
});

describe('parseObject', () => {
  it('reads what JSON.parse reads, and never throws', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    const document = fc.record(
      {
        id: text,
        object: text,
        model: text,
        status: text,
        output: fc.jsonValue(),
        item: fc.jsonValue(),
        x: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(document, fc.nat(), fc.nat(255), (value, at, byte) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const { id = null, object = null, model = null, status = null } = value;
        expect(parseObject(bytes)).toMatchObject({ id, object, model, status, usage: null });
        bytes[at % bytes.length] = byte;
        expect(() => parseObject(bytes)).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });
});
