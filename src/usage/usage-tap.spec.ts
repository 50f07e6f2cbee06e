import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

  it('knows the ids of the items, each once, and the last 1,024 of many', () => {
    const item = (n: number) => ({ type: 'message', id: `msg_${n}`, content: [{ id: 'not an item' }] });
    const many = Array.from({ length: 1_030 }, (_, n) => item(n));
    const last = many.slice(-1_024).map(({ id }) => id);
    const events = many.map((one) => ({ type: 'response.output_item.done', item: one }));
    const end = { type: 'response.completed', response: response('completed', { output: many }) };
    expect(run(tapFor(), [sse([...events, end])]).itemIds).toEqual(last);
    expect(run(tapFor(), [sse(events)]).itemIds).toEqual(last);
    expect(
      json(response('completed', { output: [item(1), { id: 7 }, { id: '' }, item(2)] })).itemIds,
    ).toEqual(['msg_1', 'msg_2']);
  });

  it('knows the ids that a list shows apart from those of what was made', () => {
    const content = [{ id: 'not an item' }];
    const data = [{ id: 'msg_1', type: 'message', content, container_id: 'cntr_1' }, { id: 7 }, 'x'];
    expect(json({ object: 'list', data, first_id: 'msg_0' })).toMatchObject({
      itemIds: [],
      listedIds: ['msg_1'],
    });
    expect(json({ object: 'page', data })).toMatchObject({ itemIds: [], listedIds: [] });
    expect(json({ data: 'x', object: 'list' })).toMatchObject({ listedIds: [] });
  });

  it('counts an event whose blank line never came, but does not call the stream complete', () => {
    const result = run(tapFor(), [sse([...EVENTS, TERMINAL]).trimEnd()]);
    expect(result).toMatchObject({ terminal: null, usage: COUNTED, ends: [] });
  });

  it.each(['\n', '\r\n'])(
    'tells how much of the answer came, and nothing of one that has only begun: %j',
    (newline) => {
      const waiting = [...EVENTS.slice(0, 2), { type: 'keepalive', sequence_number: 2 }];
      const begun = `: hold the line${newline}${newline}${sse(waiting, newline)}${sse(waiting, newline, false)}`;
      expect(run(tapFor(), [begun, `: and on${newline}`]).answerBytes).toBe(0);
      const delta = sse(EVENTS.slice(2, 3), newline);
      expect(run(tapFor(), [begun, delta, `: and on${newline}${newline}`]).answerBytes).toBe(delta.length);
      // Its blank line never came.
      expect(run(tapFor(), [begun, delta.trimEnd()]).answerBytes).toBe(delta.trimEnd().length);
      expect(json({ output: [] }).answerBytes).toBe('{"output":[]}'.length);
    },
  );

  it('counts an image for no more than a hundred events of text, in whatever event or body it comes', () => {
    const image = 'iVBORw0KGgo'.repeat(60_000);
    const begun = sse(EVENTS.slice(0, 2));
    const lengthOf = (...events: object[]) => run(tapFor(), [begun, sse(events)]).answerBytes;
    const partial = { type: 'response.image_generation_call.partial_image', partial_image_b64: image };
    expect(lengthOf(partial)).toBe(25_600);
    expect(lengthOf({ b64_json: image, type: 'image_generation.partial_image' }, partial)).toBe(51_200);
    expect(lengthOf({ type: 'response.output_item.done', item: { result: image } })).toBe(25_600);
    // Told by a connection that carries messages, and in pieces.
    const message = Buffer.from(`data: ${JSON.stringify(partial)}\n\n`);
    const pieces = Array.from({ length: 66 }, (_, n) => message.subarray(n * 10_010, (n + 1) * 10_010));
    expect(run(tapFor(), [begun, ...pieces]).answerBytes).toBe(25_600);
    expect(json({ output: [{ result: image }] }).answerBytes).toBe(25_600);
    const deltas = Array.from({ length: 1_000 }, () => EVENTS[2]!);
    expect(lengthOf(...deltas)).toBe(sse(deltas).length);
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
      'event: error\n',
      'event: response.completed\r\n',
      'data: {',
      'data: {"type":"error"',
      '}',
      '\n',
      '\r\n',
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
