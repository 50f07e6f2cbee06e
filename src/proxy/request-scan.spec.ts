import { describe, expect, it } from 'vitest';
import { bestOf } from '../../test/support/best-of.js';
import { ProxyError } from '../common/errors.js';
import { sealedDigest } from '../common/sealed-digest.js';
import { scanRequestBody } from './request-scan.js';

const scan = (text: string) => scanRequestBody(Buffer.from(text));

function refusal(body: Buffer | string): ProxyError {
  try {
    scanRequestBody(Buffer.from(body as string));
  } catch (error: unknown) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
  throw new Error(`accepted: ${body.toString().slice(0, 80)}`);
}

const FULL = {
  model: 'gpt-5.5',
  stream: true,
  background: false,
  store: null,
  previous_response_id: 'resp_1',
  conversation: { id: 'conv_1', model: 'not this one' },
  prompt_cache_key: 'key "quoted" \\ and ünïcode 😀',
  metadata: { pool_id: 'p', session_id: 's', session_name: 'n', other: 'x' },
  client_metadata: {
    ws_request_header_traceparent: 'tp',
    session_id: 'cs',
    thread_id: 'ct',
    'x-codex-parent-thread-id': 'pt',
    'x-codex-turn-metadata': '{"forked_from_thread_id":"f","workspaces":{"/home/me":1}}',
  },
  input: [
    { type: 'message', id: 'msg_1', role: 'user', content: [{ model: 'inner', encrypted_content: 'no' }] },
    { type: 'item_reference', id: 'ref_1' },
    { id: 'ref_2' },
    { role: 'user', id: 'not_ref', content: 'x' },
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAA' },
    'odd',
  ],
  tools: [
    { type: 'function', name: 'mcp' },
    { type: 'mcp' },
    { type: 'code_interpreter', container: 'cntr_1' },
    { type: 'code_interpreter', container: { type: 'auto', id: 'no' } },
    { type: 'shell', environment: { type: 'container_reference', container_id: 'cntr_2' } },
  ],
};

describe('scanRequestBody', () => {
  it('reads every routing field and nothing below its level', () => {
    const body = Buffer.from(JSON.stringify(FULL));
    const fields = scanRequestBody(body);
    expect(fields).toEqual({
      bytes: body.length,
      model: 'gpt-5.5',
      stream: true,
      background: false,
      store: null,
      previousResponseId: 'resp_1',
      conversationId: 'conv_1',
      promptCacheKey: FULL.prompt_cache_key,
      poolId: 'p',
      metadataSessionId: 's',
      metadataSessionName: 'n',
      clientMetadataSessionId: 'cs',
      clientMetadataThreadId: 'ct',
      parentThreadId: 'pt',
      forkedFromThreadId: 'f',
      traceparent: 'tp',
      itemReferenceIds: ['ref_1', 'ref_2'],
      moreItemReferences: false,
      namesItems: true,
      sealedDigests: [sealedDigest(Buffer.from('gAAAAA'))],
      containerIds: ['cntr_1', 'cntr_2'],
      hasSideEffects: true,
      otherCase: null,
      modelSpan: { start: 9, end: 18 },
    });
    expect(body.toString('utf8', 9, 18)).toBe('"gpt-5.5"');
  });

  it.each([
    ['{"model":"cheap","Model":"dear"}', 'model'],
    ['{"Previous_Response_Id":"resp_1"}', 'previous_response_id'],
    ['{"previous_re\u017fponse_id":"resp_1"}', 'previous_response_id'],
    ['{"prompt_cache_\\u212aey":"x"}', 'prompt_cache_key'],
    ['{"CONVER\\u0053ATION":"x"}', 'conversation'],
    ['{"conversation":{"ID":"conv_1"}}', 'id'],
    ['{"input":[{"type":"item_reference","Id":"msg_1"}]}', 'id'],
    ['{"tools":[{"type":"shell","environment":{"Container_ID":"cntr_1"}}]}', 'container_id'],
    ['{"metadata":{"Pool_Id":"x"},"modes":1,"input":[{"content":[{"ID":1}]}]}', null],
  ])('tells of names in other capitals: %s', (text, name) => {
    expect(scan(text).otherCase).toBe(name);
  });

  it('takes null and absent as absent', () => {
    const nothing = scan('{}');
    const nulls = Object.keys(FULL).map((key) => `"${key}":null`);
    expect({ ...scan(`{${nulls.join(',')}}`), bytes: 2 }).toEqual(nothing);
    expect(nothing.model).toBeNull();
  });

  it.each([
    ['empty', ''],
    ['blank', ' \n'],
    ['array', '[]'],
    ['string', '"model"'],
    ['number', '1'],
    ['byte order mark', '\ufeff{}'],
    ['cut in a key', '{"mod'],
    ['cut after a key', '{"model"'],
    ['cut in a value', '{"model":"x'],
    ['cut behind an escape', '{"model":"x\\'],
    ['cut in a nested value', '{"input":[{"a":"b"}'],
    ['cut in a skipped value', '{"x":{"a":[1,2'],
    ['missing colon', '{"model" "x"}'],
    ['missing comma', '{"model":"x" "stream":true}'],
    ['trailing comma', '{"model":"x",}'],
    ['trailing comma in input', '{"input":[{},]}'],
    ['leading comma', '{,"model":"x"}'],
    ['single quotes', "{'model':'x'}"],
    ['bare key', '{model:"x"}'],
    ['garbage behind', '{}x'],
    ['second document', '{}{}'],
    ['NUL behind', '{}\0'],
    ['mismatched brackets', '{"x":[1,2}}'],
    ['mismatched in skipped', '{"x":[{"y":1]}'],
    ['bad literal', '{"x":nul}'],
    ['capital literal', '{"stream":True}'],
    ['NaN', '{"x":NaN}'],
    ['leading zero', '{"x":01}'],
    ['lone minus', '{"x":-}'],
    ['bare fraction', '{"x":.5}'],
    ['open fraction', '{"x":1.}'],
    ['open exponent', '{"x":1e}'],
    ['plus sign', '{"x":+1}'],
    ['comment', '{/* */"x":1}'],
    ['bad escape in a short key', '{"\\x":1}'],
    ['bad escape in a routing value', '{"model":"\\x"}'],
    ['control character in a routing value', '{"model":"a\nb"}'],
    ['vertical tab as space', '{\v"x":1}'],
  ])('refuses %s', (_name, text) => {
    expect(refusal(text).code).toBe('invalid_json');
    expect(() => JSON.parse(text) as unknown).toSatisfy((parse: () => unknown) => {
      try {
        const value = parse();
        return typeof value !== 'object' || value === null || Array.isArray(value);
      } catch {
        return true;
      }
    });
  });

  it.each([
    ['model', '{"model":"a","model":"a"}'],
    ['model', '{"\\u006dodel":"a","model":"b"}'],
    ['model', '{"model":"a","\\u006D\\u006f\\u0064\\u0065\\u006c":"b"}'],
    ['input', '{"input":[],"input":[]}'],
    ['stream', '{"stream":null,"x":1,"stream":true}'],
    ['metadata', '{"metadata":{},"metadata":{}}'],
    ['metadata.pool_id', '{"metadata":{"pool_id":"a","pool\\u005fid":"b"}}'],
    ['client_metadata.session_id', '{"client_metadata":{"session_id":"a","session_id":"b"}}'],
    ['conversation.id', '{"conversation":{"id":"a","id":"b"}}'],
    ['input[].encrypted_content', '{"input":[{"encrypted_content":"a","encrypted_content":"b"}]}'],
    ['input[].type', '{"input":[{"type":"a","type":"item_reference"}]}'],
    ['tools[].type', '{"tools":[{"type":"function","type":"mcp"}]}'],
  ])('refuses %s twice', (param, text) => {
    const error = refusal(text);
    expect([error.code, error.options.param]).toEqual(['duplicate_key', param]);
  });

  it('lets other names come twice, and the same name at different levels', () => {
    expect(scan('{"x":1,"x":2,"model":"a","metadata":{"model":"b"}}').model).toBe('a');
  });

  it.each([
    ['model', '{"model":1}'],
    ['model', '{"model":["a"]}'],
    ['model', '{"model":""}'],
    ['model', `{"model":"${'m'.repeat(257)}"}`],
    ['stream', '{"stream":"true"}'],
    ['stream', '{"stream":1}'],
    ['store', '{"store":{}}'],
    ['background', '{"background":[]}'],
    ['previous_response_id', '{"previous_response_id":false}'],
    ['previous_response_id', `{"previous_response_id":"${'r'.repeat(513)}"}`],
    ['previous_response_id', `{"previous_response_id":"${'r'.repeat(1_000_000)}"}`],
    ['conversation', '{"conversation":3}'],
    ['conversation.id', '{"conversation":{"id":3}}'],
    ['metadata', '{"metadata":"x"}'],
    ['metadata.session_id', '{"metadata":{"session_id":7}}'],
    ['prompt_cache_key', '{"prompt_cache_key":"a\\u0000b"}'],
    ['prompt_cache_key', '{"prompt_cache_key":"\\ud83d"}'],
    ['input[].id', `{"input":[{"id":"${'i'.repeat(600)}"}]}`],
  ])('refuses a wrong %s', (param, text) => {
    const error = refusal(text);
    expect([error.code, error.options.param]).toEqual(['invalid_field', param]);
  });

  it('refuses routing text that is not UTF-8, and passes it elsewhere', () => {
    const bad = (head: string): Buffer =>
      Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(refusal(bad('{"model":"')).code).toBe('invalid_field');
    expect(scanRequestBody(bad('{"instructions":"')).model).toBeNull();
    const surrogate = Buffer.concat([
      Buffer.from('{"model":"'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]);
    expect(refusal(surrogate).code).toBe('invalid_field');
  });

  it('leaves syntax below the routing levels to the upstream', () => {
    expect(scan('{"x":{"a" 1,,},"instructions":"raw\ncontrol","y":"\\q","model":"m"}').model).toBe('m');
  });

  it.each(['[', '{"a":', '[{"a":['])('refuses a million levels of %s quickly', (open) => {
    const body = Buffer.from(`{"x":${open.repeat(1_000_000)}`);
    expect(refusal(body).message).toContain('128 levels');
    expect(bestOf(5, () => refusal(body))).toBeLessThan(50);
  });

  it('counts depth through all levels alike', () => {
    const nested = (levels: number): string => `{"x":${'['.repeat(levels)}${']'.repeat(levels)},"model":"m"}`;
    expect(scan(nested(127)).model).toBe('m');
    expect(refusal(nested(128)).code).toBe('invalid_json');
    const inItem = (levels: number): string => `{"input":[{"x":${'['.repeat(levels)}${']'.repeat(levels)}}]}`;
    expect(scan(inItem(125)).itemReferenceIds).toEqual([]);
    expect(refusal(inItem(126)).code).toBe('invalid_json');
  });

  it.each([
    ['backslashes', `{"x":"${'\\\\'.repeat(4_000_000)}","model":"m"}`],
    ['escaped quotes', `{"x":"${'\\"'.repeat(4_000_000)}","model":"m"}`],
    ['braces', `{"x":[${'{},'.repeat(2_600_000)}{}],"model":"m"}`],
    ['digits', `{"x":${'9'.repeat(8_000_000)},"model":"m"}`],
    ['short keys', `{"x":{${'"a":1,'.repeat(1_300_000)}"b":1},"model":"m"}`],
    ['space', `{${' '.repeat(8_000_000)}"model":"m"}`],
  ])('is linear in 8 MB of %s', (_name, text) => {
    expect(scan(text).model).toBe('m');
    expect(bestOf(2, () => scan(text))).toBeLessThan(1_000);
  });

  it('keeps the last eight digests and the first 1,024 references, and tells of more', () => {
    const sealed = Array.from({ length: 20 }, (_, i) => ({ type: 'reasoning', encrypted_content: `c${i}` }));
    const refs = Array.from({ length: 1_025 }, (_, i) => ({ type: 'item_reference', id: `r${i}` }));
    const fields = scan(JSON.stringify({ input: [...refs, ...sealed] }));
    expect(fields.sealedDigests).toEqual(
      sealed.slice(12).map((item) => sealedDigest(Buffer.from(item.encrypted_content))),
    );
    expect(fields.itemReferenceIds).toEqual(refs.slice(0, 1_024).map((ref) => ref.id));
    expect(fields.moreItemReferences).toBe(true);
    expect(scan(JSON.stringify({ input: refs.slice(1) })).moreItemReferences).toBe(false);
  });

  it('reads `items` as it reads `input`, into one list with one bound', () => {
    const refs = (count: number): object[] =>
      Array.from({ length: count }, (_, i) => ({ type: 'item_reference', id: `r${i}` }));
    const sealed = (text: string): object => ({ type: 'reasoning', encrypted_content: text });
    const both = scan(
      JSON.stringify({ items: [{ id: 'a' }, sealed('x')], model: 'm', input: [sealed('y'), { id: 'b' }] }),
    );
    expect(both.itemReferenceIds).toEqual(['a', 'b']);
    expect(both.sealedDigests).toEqual(['x', 'y'].map((text) => sealedDigest(Buffer.from(text))));
    expect(scan('{"items":"r0"}').itemReferenceIds).toEqual([]);
    const full = scan(JSON.stringify({ input: refs(800), items: refs(224) }));
    expect([full.itemReferenceIds.length, full.moreItemReferences]).toEqual([1_024, false]);
    for (const body of [
      { input: refs(800), items: refs(225) },
      { items: refs(1_025), input: refs(1) },
    ]) {
      const over = scan(JSON.stringify(body));
      expect([over.itemReferenceIds.length, over.moreItemReferences]).toEqual([1_024, true]);
    }
    expect(refusal('{"items":[],"items":[]}').code).toBe('duplicate_key');
    expect(refusal('{"items":[{"id":"a","id":"b"}]}')).toMatchObject({
      code: 'duplicate_key',
      options: { param: 'items[].id' },
    });
  });

  it('names sealed content by what it is, however it is spelled', () => {
    const plain = scan('{"input":[{"encrypted_content":"gAAA/b="}]}').sealedDigests;
    expect(scan('{"input":[{"encrypted_content":"gAAA\\/b\\u003d"}]}').sealedDigests).toEqual(plain);
    expect(scan('{"input":[{"encrypted_content":"gAAA/b=x"}]}').sealedDigests).not.toEqual(plain);
    expect(scan('{"input":[{"encrypted_content":""},{"encrypted_content":null}]}').sealedDigests).toEqual([]);
  });

  it('finds an mcp tool in any spelling, and takes others for harmless', () => {
    expect(scan('{"tools":[{"server":1,"type":"\\u006dcp"}]}').hasSideEffects).toBe(true);
    expect(scan('{"tools":[{"type":"web_search"},{"type":"mcp_like"},7]}').hasSideEffects).toBe(false);
  });
});
