import { describe, expect, it } from 'vitest';
import { carriedText } from './carried-text.js';

const sse = (...events: object[]): string =>
  events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join('');

describe('the text that a stream carried', () => {
  it('puts deltas of one item together and names calls', () => {
    const carried = carriedText(
      sse(
        { type: 'response.created' },
        { type: 'response.reasoning_summary_text.delta', item_id: 'r', delta: 'think' },
        { type: 'response.output_text.delta', item_id: 'm', content_index: 0, delta: 'Hel' },
        { type: 'response.output_item.added', item: { id: 'c', type: 'function_call', name: 'shell' } },
        { type: 'response.function_call_arguments.delta', item_id: 'c', delta: '{"a":' },
        { type: 'response.output_text.delta', item_id: 'm', content_index: 0, delta: 'lo' },
        { type: 'response.function_call_arguments.delta', item_id: 'c', delta: '1}' },
      ),
    );
    expect(carried).toEqual({
      events: 7,
      parts: [
        { title: 'Reasoning summary', text: 'think' },
        { title: 'Text', text: 'Hello' },
        { title: 'Arguments of a function call: shell', text: '{"a":1}' },
      ],
    });
  });

  it('says how it ended where that was badly', () => {
    const error = { code: 'server_error', message: 'no' };
    expect(carriedText(sse({ type: 'response.failed', response: { error } }))?.parts).toEqual([
      { title: 'Ended: failed', text: JSON.stringify(error, null, 2) },
    ]);
  });

  it('reads one JSON event a line as well, and a stream that was cut', () => {
    const lines = '{"type":"response.output_text.delta","item_id":"m","delta":"a"}\n{"type":"response.out';
    expect(carriedText(lines)?.parts).toEqual([{ title: 'Text', text: 'a' }]);
  });

  it.each(['', 'hello', '{"id":"resp_1"}', '[1,2]', 'null', 'data: [DONE]\n\n', '{"item":null,"type":1}'])(
    'leaves %j to be shown as it is',
    (text) => expect(carriedText(text)).toBeNull(),
  );
});
