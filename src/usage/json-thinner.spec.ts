import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonThinner } from './json-thinner.js';
import { parseObject } from './usage-parser.js';

const SHORT = 64;

function thin(text: string, cuts: readonly number[] = [], longBytes = SHORT): Buffer | null {
  const bytes = Buffer.from(text);
  const thinner = new JsonThinner(longBytes);
  let from = 0;
  for (const cut of [...cuts].map((c) => c % (bytes.length + 1)).sort((a, b) => a - b)) {
    thinner.push(bytes.subarray(from, cut));
    from = cut;
  }
  thinner.push(bytes.subarray(from));
  return thinner.text();
}

/** Whatever a model may write, much of it longer than what is kept. */
const prose = fc
  .array(
    fc.constantFrom('"', '\\', 'é', '漢', '😀', '\n', 'a', 'encrypted_content', '{', ']', 'x'.repeat(40)),
  )
  .map((parts) => parts.join(''));
const answer = fc.record({
  object: fc.constant('response'),
  filler: fc.oneof(prose, fc.jsonValue()),
  id: fc.constant('resp_1'),
  output: fc.array(
    fc.record({
      type: fc.constant('reasoning'),
      content: fc.array(fc.record({ text: prose })),
      id: fc.stringMatching(/^rs_[a-z0-9]{1,20}$/),
      encrypted_content: fc.stringMatching(/^[A-Za-z0-9+/=]{100,400}$/),
      encrypted: prose,
    }),
    { maxLength: 4 },
  ),
  model: fc.constant('gpt-5'),
  status: fc.constant('completed'),
  usage: fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat() }),
});

describe('a JSON text without the tails of its long strings', () => {
  it('tells the same ids, digests, status and usage, wherever it was cut into chunks', () => {
    fc.assert(
      fc.property(answer, fc.boolean(), fc.array(fc.nat(), { maxLength: 12 }), (value, spaced, cuts) => {
        const text = JSON.stringify(value, null, spaced ? 1 : undefined);
        const thinned = thin(text, cuts);
        expect(thinned).not.toBeNull();
        expect(parseObject(thinned ?? Buffer.alloc(0))).toEqual(parseObject(Buffer.from(text)));
      }),
      { numRuns: 300 },
    );
  });

  it('is itself valid JSON, its long strings a beginning of what they were', () => {
    fc.assert(
      fc.property(prose, fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        const [kept] = JSON.parse(String(thin(JSON.stringify([text]), cuts))) as [string];
        expect(text.startsWith(kept)).toBe(true);
        if (Buffer.byteLength(JSON.stringify(text)) - 2 <= SHORT) expect(kept).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps of fifty megabytes a few kilobytes', () => {
    const thinner = new JsonThinner();
    thinner.push(Buffer.from('{"object":"response","id":"resp_1","filler":"'));
    const part = Buffer.alloc(1_048_576, 'x');
    for (let mb = 0; mb < 50; mb += 1) thinner.push(part);
    thinner.push(Buffer.from('","usage":{"input_tokens":7}}'));
    const text = thinner.text();
    expect(text?.length).toBeLessThan(10_000);
    expect(parseObject(text ?? Buffer.alloc(0))).toMatchObject({ id: 'resp_1', usage: { inputTokens: 7 } });
  });
});
