import { expect, it } from 'vitest';
import { likelyTokens, promptBytes } from './prompt-size.js';

const image = (bytes: number): string => `data:image/png;base64,${'A'.repeat(bytes)}`;
const body = (...texts: string[]): Buffer => Buffer.from(JSON.stringify({ input: texts }));

it('takes four bytes of text for a token, and no prompt for longer than the longest window', () => {
  expect([likelyTokens(0), likelyTokens(5), likelyTokens(40_000_000)]).toEqual([0, 2, 1_000_000]);
  expect(promptBytes(body('a'.repeat(200_000)))).toBe(200_014);
});

it('takes images and files for a thousand tokens and a little, wherever they stand', () => {
  const text = 'a'.repeat(80_000);
  const two = promptBytes(body(image(4_000_000), text, image(100_000)));
  expect(two).toBeGreaterThan(80_000 + 2 * 4_000);
  expect(likelyTokens(two)).toBeLessThan(35_000);
  // One that is cut off, a small one, and the word alone.
  expect(promptBytes(Buffer.from(`{"a":"${image(400_000)}`))).toBeLessThan(9_000);
  expect(promptBytes(body(text, image(100)))).toBe(body(text, image(100)).length);
  expect(promptBytes(body(text, ';base64,'))).toBe(body(text, ';base64,').length);
});
