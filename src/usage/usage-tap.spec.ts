import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sealedDigest } from '../common/sealed-digest.js';
import { UsageTap, type TapOptions } from './usage-tap.js';

const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 64, cache_write_tokens: 0 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};
const COUNTED = {
  inputTokens: 100,
  cachedTokens: 64,
  cacheWriteTokens: 0,
  outputTokens: 20,
  reasoningTokens: 5,
  totalTokens: 120,
};
const SEALED = 'gAAAAA' + 'x'.repeat(700);
const DIGEST = sealedDigest(Buffer.from(SEALED));

const response = (status: string, extra: object = {}): object => ({
  id: 'resp_1',
  object: 'response',
  status,
  model: 'gpt-5.5-2026',
  conversation: { id: 'conv_1' },
  usage: null,
  output: [],
  ...extra,
});
const done = response('completed', {
  usage: USAGE,
  output: [
    { type: 'reasoning', encrypted_content: SEALED },
    { type: 'message', content: [{ text: 'hi' }] },
  ],
});

function sse(events: readonly object[], newline = '\n', named = true): string {
  return events
    .map((event) => {
      const type = (event as { type?: string }).type ?? '';
      const name = named ? `event: ${type}${newline}` : '';
      return `${name}data: ${JSON.stringify(event)}${newline}${newline}`;
    })
    .join('');
}

const EVENTS = [
  { type: 'response.created', sequence_number: 0, response: response('in_progress') },
  { type: 'response.in_progress', response: response('in_progress') },
  {
    type: 'response.output_text.delta',
    delta: 'event: response.completed\n\ndata: {"type":"response.completed"}',
  },
  { type: 'response.output_text.delta', delta: 'error "type":"error" ünïcode 😀' },
  { type: 'response.output_item.done', item: { type: 'reasoning', encrypted_content: SEALED } },
];
const TERMINAL = { type: 'response.completed', response: done };

const tapFor = (over: Partial<TapOptions> = {}): UsageTap =>
  new UsageTap({
    contentType: 'text/event-stream; charset=utf-8',
    contentEncoding: null,
    contentLength: null,
    maxCaptureBytes: 1_000_000,
    ...over,
  });

/** Feeds, ends, and answers the result with the indexes of chunks that were said to be the end. */
function run(tap: UsageTap, chunks: readonly (Buffer | string)[]) {
  const ends = chunks.flatMap((chunk, i) => (tap.push(Buffer.from(chunk as string)) ? [i] : []));
  tap.end();
  return { ...tap.result(), ends };
}

const json = (body: unknown, over: Partial<TapOptions> = {}) => {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return run(tapFor({ contentType: 'application/json', contentLength: bytes.length, ...over }), [bytes]);
};

describe('UsageTap on a stream', () => {
  it('reads the terminal event', () => {
    const stream = sse([...EVENTS, TERMINAL]);
    const result = run(tapFor(), [stream]);
    expect(result).toMatchObject({
      terminal: 'completed',
      usage: COUNTED,
      responseId: 'resp_1',
      conversationId: 'conv_1',
      servedModel: 'gpt-5.5-2026',
      errorCode: null,
      sealedDigests: [DIGEST],
      isSse: true,
      ends: [0],
    });
    expect(Buffer.concat(result.captured.chunks).toString()).toBe(stream);
    expect(result.captured).toMatchObject({ size: Buffer.byteLength(stream), truncated: false });
  });

  it.each([
    ['LF, named', '\n', true],
    ['CRLF, named', '\r\n', true],
    ['LF, unnamed', '\n', false],
    ['CRLF, unnamed', '\r\n', false],
  ])('gives one answer and one end for every split of the bytes: %s', (_name, newline, named) => {
    const stream = Buffer.from(sse([...EVENTS, TERMINAL], newline, named) + `: trailing${newline}${newline}`);
    const whole = run(tapFor(), [stream]);
    const end = stream.indexOf(': trailing');
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = at.slice(1).map((to, i) => stream.subarray(at[i], to));
        const split = run(tapFor(), chunks);
        expect({ ...split, captured: 0, ends: 0 }).toEqual({ ...whole, captured: 0, ends: 0 });
        expect(
          split.captured.chunks.length === 0 ? '' : Buffer.concat(split.captured.chunks).equals(stream),
        ).toBe(true);
        // The chunk that holds the last byte of the blank line, and no other.
        let seen = 0;
        const expected = chunks.findIndex((chunk) => (seen += chunk.length) >= end);
        expect(split.ends).toEqual([expected]);
      }),
      { numRuns: 300 },
    );
    expect(
      run(
        tapFor(),
        [...stream].map((byte) => Buffer.from([byte])),
      ),
    ).toMatchObject({
      terminal: 'completed',
      usage: COUNTED,
      ends: [end - 1],
    });
  });

  it.each([
    [
      'incomplete',
      { type: 'response.incomplete', response: response('incomplete', { usage: USAGE }) },
      COUNTED,
      null,
    ],
    [
      'failed',
      {
        type: 'response.failed',
        response: response('failed', { error: { code: 'server_error', message: 'm' } }),
      },
      null,
      'server_error',
    ],
    [
      'error',
      { type: 'error', code: 'rate_limit_exceeded', message: 'm', param: null },
      null,
      'rate_limit_exceeded',
    ],
    ['error', { type: 'error', status: 429, error: { code: 'nested', message: 'm' } }, null, 'nested'],
  ])('knows %s', (terminal, event, usage, errorCode) => {
    for (const named of [true, false]) {
      const result = run(tapFor(), [sse([...EVENTS, event], '\n', named)]);
      expect(result).toMatchObject({ terminal, usage, errorCode, errorMessage: errorCode && 'm', ends: [0] });
    }
  });

  it('reads several data lines, type last, and no space behind the colon', () => {
    const lines = JSON.stringify({ response: done, type: 'response.completed' }, null, 1).split('\n');
    const result = run(tapFor(), [lines.map((line) => `data:${line}\n`).join('') + '\n']);
    expect(result).toMatchObject({ terminal: 'completed', usage: COUNTED, ends: [0] });
  });

  it('is not fooled by what stands inside the text of an event', () => {
    const tricky = [
      { type: 'response.output_text.delta', delta: '\n\nevent: response.completed\ndata: {}\n\n' },
      { delta: '"type":"response.completed"', type: 'response.output_text.delta' },
      { item: { type: 'response.completed', response: done }, type: 'x' },
    ];
    for (const named of [true, false])
      expect(run(tapFor(), [sse(tricky, '\n', named)])).toMatchObject({
        terminal: null,
        usage: null,
        ends: [],
      });
  });

  it('knows the id of a stream that was cut, and the seal of what was finished', () => {
    const stream = sse([...EVENTS, TERMINAL]);
    const cut = run(tapFor(), [stream.slice(0, stream.length - 40)]);
    expect(cut).toMatchObject({
      terminal: null,
      usage: null,
      responseId: 'resp_1',
      sealedDigests: [DIGEST],
      ends: [],
    });
  });

  it('counts an event whose blank line never came, but does not call the stream complete', () => {
    const result = run(tapFor(), [sse([...EVENTS, TERMINAL]).trimEnd()]);
    expect(result).toMatchObject({ terminal: null, usage: COUNTED, ends: [] });
  });

  it('ends once, whatever follows', () => {
    const result = run(tapFor(), [sse([TERMINAL]), sse([TERMINAL]), 'data: [DONE]\n\n']);
    expect(result).toMatchObject({ terminal: 'completed', ends: [0] });
    expect(result.captured.truncated).toBe(false);
  });

  it('says when words of our own may follow', () => {
    const tap = tapFor();
    expect(tap.atEventBoundary).toBe(true);
    for (const [piece, boundary] of [
      ['event: x', false],
      ['\n', false],
      ['data: {}\n', false],
      ['\n', true],
      [': ping\n', false],
      ['\n', true],
    ] as const) {
      tap.push(Buffer.from(piece));
      expect(tap.atEventBoundary).toBe(boundary);
    }
  });

  it.each([0, 100])('finds usage with capture limited to %d bytes', (maxCaptureBytes) => {
    const stream = sse([...EVENTS, TERMINAL]);
    const result = run(tapFor({ maxCaptureBytes }), [stream]);
    expect(result).toMatchObject({ terminal: 'completed', usage: COUNTED });
    expect(result.captured).toMatchObject({ size: Buffer.byteLength(stream), truncated: true });
    expect(Buffer.concat(result.captured.chunks).toString()).toBe(stream.slice(0, maxCaptureBytes));
  });

  it('reads a terminal event of ten megabytes', () => {
    const big = response('completed', { usage: USAGE, output: [{ text: 'a"\\'.repeat(2_500_000) }] });
    const stream = Buffer.from(sse([{ type: 'response.completed', response: big }]));
    const chunks = Array.from({ length: Math.ceil(stream.length / 65_536) }, (_, i) =>
      stream.subarray(i * 65_536, (i + 1) * 65_536),
    );
    expect(run(tapFor({ maxCaptureBytes: 0 }), chunks)).toMatchObject({
      usage: COUNTED,
      ends: [chunks.length - 1],
    });
  });

  it.each(['', 'data: ', 'event: response.completed\ndata: '])(
    'gives up on a line of 64 MB behind %j, with bounded memory',
    (head) => {
      const tap = tapFor({ maxCaptureBytes: 1_000 });
      tap.push(Buffer.from(head));
      const before = process.memoryUsage().arrayBuffers;
      for (let i = 0; i < 1_024; i++) expect(tap.push(Buffer.alloc(65_536, 0x61))).toBe(false);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150_000_000);
      const ends = tap.push(Buffer.from('\n\n'));
      // Its name still says that the stream is over.
      expect(ends).toBe(head.startsWith('event'));
      expect(tap.result().usage).toBeNull();
    },
  );

  it('survives anything', () => {
    const piece = fc.constantFrom(
      ...[
        'event: error\n',
        'event: response.completed\r\n',
        'data: {',
        'data: {"type":"error"',
        '}',
        '\n',
        '\r\n',
      ],
      ...[
        '\r',
        '\0',
        'data',
        ':',
        '"',
        '\\',
        '{"type":"response.failed","response":',
        'data: []\n',
        '\ufeff',
        'é',
      ],
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 8 }), { maxLength: 8 }), (parts) => {
        const chunks = parts.map((part) => part.join(''));
        const split = run(tapFor(), chunks);
        const whole = run(tapFor(), [chunks.join('')]);
        expect({ ...split, captured: 0, ends: split.ends.length }).toEqual({
          ...whole,
          captured: 0,
          ends: whole.ends.length,
        });
      }),
      { numRuns: 2_000 },
    );
  });
});

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

  it('gives up beyond 16 MB, and keeps what may be captured', () => {
    const tap = tapFor({ contentType: 'application/json', maxCaptureBytes: 10 });
    tap.push(Buffer.from('{"object":"response","x":"'));
    for (let i = 0; i < 20; i++) tap.push(Buffer.alloc(1_048_576, 0x61));
    tap.push(Buffer.from(`","usage":${JSON.stringify(USAGE)}}`));
    tap.end();
    expect(tap.result()).toMatchObject({ usage: null, captured: { truncated: true } });
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
    const start = performance.now();
    expect(run(tapFor({ contentType: 'application/json', contentEncoding }), [body]).usage).toBeNull();
    expect(performance.now() - start).toBeLessThan(500);
  });
});
