import { describe, expect, it } from 'vitest';
import { bestOf } from '../../test/support/best-of.js';
import { scanRequestBody } from './request-scan.js';

const refusal = (bytes: Buffer): void => expect(() => scanRequestBody(bytes)).toThrow();
const scan = (text: string) => scanRequestBody(Buffer.from(text));

describe('the items of a request', () => {
  it('are read one by one, and a hundred thousand are enough: others wait meanwhile', () => {
    const items = (count: number): string => `{"input":[${'{},'.repeat(count - 1)}{}],"model":"m"}`;
    expect(scan(items(100_000)).model).toBe('m');
    expect(() => scan(items(100_001))).toThrow('more than 100000 elements');
    const names = (count: number): string => `{${'"a":1,'.repeat(count - 1)}"model":"m"}`;
    expect(scan(names(100_000)).model).toBe('m');
    expect(() => scan(names(100_001))).toThrow('more than 100000 members');
    const huge = items(5_000_000);
    const bytes = Buffer.from(huge);
    expect(bestOf(3, () => refusal(bytes))).toBeLessThan(100);
  });

  it('may have ten members each, and a million in all, wherever they are', () => {
    const body = (items: number, members: number): string =>
      `{"input":[${`{${'"a":1,'.repeat(members - 1)}"b":2},`.repeat(items)}{}],"model":"m"}`;
    expect(scan(body(90_000, 10)).model).toBe('m');
    expect(() => scan(body(9_500, 105))).toThrow('more than 1000000 members in all');
  });

  it.each([
    ['reasoning', { summary: [] }],
    ['reasoning', { encrypted_content: null, content: [] }],
    ['reasoning', { encrypted_content: '' }],
    ['reasoning', { content: [{ type: 'reasoning_text', text: 'x' }], result: 'x' }],
    ['image_generation_call', { encrypted_content: 'x', content: 'x' }],
    ['image_generation_call', { result: ['x'] }],
    ['image_generation_call', { status: 'completed' }],
    ['image_generation_call', { result: null }],
    ['image_generati\\u006fn_call', {}],
  ])('takes %s with nothing but its id for a reference: the upstream looks the rest up', (type, rest) => {
    const text = JSON.stringify({ input: [{ type, id: 'a', ...rest }] })
      .replace('\\\\u', '\\u')
      .replace('[]', '[ ]');
    expect(scan(text)).toMatchObject({ itemReferenceIds: ['a'], namesItems: false });
  });

  it.each([
    ['reasoning', { summary: [], encrypted_content: 'gAAAAA' }],
    ['image_generation_call', { result: 'aW1hZ2U=' }],
    ['message', { role: 'assistant', content: [] }],
    ['function_call', { call_id: 'c', name: 'f', arguments: '{}' }],
  ])('takes %s that is all there for what it is, whatever its id', (type, rest) => {
    const fields = scan(JSON.stringify({ input: [{ type, id: 'a', ...rest }] }));
    expect(fields).toMatchObject({ itemReferenceIds: [], namesItems: true });
  });

  it('tell of sandboxes, with an id of their own or without', () => {
    const names = (item: object): boolean => scan(JSON.stringify({ items: [item] })).namesItems;
    expect(names({ type: 'code_interpreter_call', container_id: 'cntr_1' })).toBe(true);
    expect(names({ type: 'code_interpreter_call', container_id: null })).toBe(false);
  });

  it.each(['null', '7', '[]'])(
    'does not take %s for a role, so an item with it and an id is a reference',
    (role) => {
      expect(scan(`{"input":[{"id":"a","role":${role}}]}`).itemReferenceIds).toEqual(['a']);
      expect(scan(`{"input":[{"role":"user","id":"a"}]}`).itemReferenceIds).toEqual([]);
    },
  );
});
