import { sealedDigest } from '../../src/common/sealed-digest.js';
import { UsageTap } from '../../src/usage/usage-tap.js';
import type { TapOptions } from '../../src/usage/usage-tap.js';

export const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 64, cache_write_tokens: 0 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};
export const COUNTED = {
  inputTokens: 100,
  cachedTokens: 64,
  cacheWriteTokens: 0,
  outputTokens: 20,
  reasoningTokens: 5,
  totalTokens: 120,
};
export const SEALED = 'gAAAAA' + 'x'.repeat(700);
export const DIGEST = sealedDigest(Buffer.from(SEALED));

export const response = (status: string, extra: object = {}): object => ({
  id: 'resp_1',
  object: 'response',
  status,
  model: 'gpt-5.5-2026',
  conversation: { id: 'conv_1' },
  usage: null,
  output: [],
  ...extra,
});
export const done = response('completed', {
  usage: USAGE,
  output: [
    { type: 'reasoning', encrypted_content: SEALED },
    { type: 'message', content: [{ text: 'hi' }] },
  ],
});

export function sse(events: readonly object[], newline = '\n', named = true): string {
  return events
    .map((event) => {
      const type = (event as { type?: string }).type ?? '';
      const name = named ? `event: ${type}${newline}` : '';
      return `${name}data: ${JSON.stringify(event)}${newline}${newline}`;
    })
    .join('');
}

export const EVENTS = [
  { type: 'response.created', sequence_number: 0, response: response('in_progress') },
  { type: 'response.in_progress', response: response('in_progress') },
  {
    type: 'response.output_text.delta',
    delta: 'event: response.completed\n\ndata: {"type":"response.completed"}',
  },
  { type: 'response.output_text.delta', delta: 'error "type":"error" ünïcode 😀' },
  { type: 'response.output_item.done', item: { type: 'reasoning', encrypted_content: SEALED } },
];
export const TERMINAL = { type: 'response.completed', response: done };

export const tapFor = (over: Partial<TapOptions> = {}): UsageTap =>
  new UsageTap({
    contentType: 'text/event-stream; charset=utf-8',
    contentEncoding: null,
    contentLength: null,
    maxCaptureBytes: 1_000_000,
    ...over,
  });

/** Feeds, ends, and answers the result with the indexes of chunks that were said to be the end. */
export function run(tap: UsageTap, chunks: readonly (Buffer | string)[]) {
  const ends = chunks.flatMap((chunk, i) => (tap.push(Buffer.from(chunk as string)) ? [i] : []));
  tap.end();
  return { ...tap.result(), ends };
}

export const json = (body: unknown, over: Partial<TapOptions> = {}) => {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return run(tapFor({ contentType: 'application/json', contentLength: bytes.length, ...over }), [bytes]);
};
