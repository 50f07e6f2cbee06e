import { EVENTS, TERMINAL, sse } from '../support/responses-stream.js';

/** Seeds by parser: what is right, what is nearly right, and what once hurt somebody. Changed at random by `Dice`. */

export const BODIES: readonly string[] = [
  '{"model":"gpt-5.5","input":"x","stream":true}',
  '{"model":"gpt-5.5","input":[{"role":"user","content":[{"type":"input_text","text":"\\u00e9\\n"}]}],"store":false}',
  '{"previous_response_id":"resp_1","conversation":{"id":"conv_1"},"metadata":{"session_id":"s","pool_id":"p"}}',
  '{"client_metadata":{"session_id":"s","thread_id":"t"},"prompt_cache_key":"k","background":true}',
  '{"input":[{"type":"reasoning","encrypted_content":"gAAAAAx"},{"type":"item_reference","id":"msg_1"}]}',
  '{"tools":[{"type":"mcp","server_url":"https://x"},{"type":"function","name":"f"}],"model":"a"}',
  '{"model":"a","\\u006dodel":"b"}',
  '{"__proto__":{"model":"a"},"constructor":{"prototype":{"model":"b"}},"model":"c"}',
  '{"model":1e309,"input":-0,"a":[[[[[[]]]]]],"b":{"c":{"d":{}}}}',
  ' \t\r\n{ "model" : "a" , "x" : null } \n',
  '\ufeff{"model":"a"}',
  '{}',
];

export const STREAMS: readonly string[] = [
  sse([...EVENTS, TERMINAL]),
  sse([...EVENTS, TERMINAL], '\r\n', false),
  sse([
    { type: 'response.failed', response: { id: 'r', status: 'failed', error: { code: 'x', message: 'y' } } },
  ]),
  sse([{ type: 'error', code: 'rate_limit_exceeded', message: 'm', param: null }]),
  'event: response.completed\ndata: {"type":"response.completed","response":{"usage":{"input_tokens":"5"}}}\n\n',
  'data: {"type":"response.completed","response":{"usage":{"input_tokens":-1,"output_tokens":1e309}}}\n\n',
  'data: {"type":"response.completed","response":{"usage":[],"output":null,"id":5,"model":{}}}\n\n',
  ': comment\n\nid: 1\nretry: 5\ndata: a\ndata: b\n\ndata:\n\n\n\n',
  'data: [DONE]\n\n',
  '\ufeffdata: {"type":"response.created","response":{"id":"r"}}\r\n\r\n',
];

export const HEADER_VALUES: readonly string[] = [
  'application/json',
  'Bearer sk-other',
  'keep-alive, authorization, x-codex-a',
  '{"thread_id":"T","cwd":"/home"}',
  'responses_multi_agent=v1',
  'a\tb',
];
export const HEADER_NAMES: readonly string[] = [
  'authorization',
  'Authorization',
  'Connection',
  'x-codex-turn-state',
  'x-openai-actor-authorization',
  'x-stainless-lang',
  'content-type',
  'user-agent',
  'cookie',
  'api-key',
  'accept-encoding',
  'host',
];

export const RETRY_AFTERS: readonly string[] = [
  '0',
  '30',
  '1.5',
  '-1',
  '1e9',
  '999999999',
  'Mon, 23 Nov 2026 05:00:30 GMT',
  'Monday, 23-Nov-26 05:00:30 GMT',
  'Mon Nov 23 05:00:30 2026',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Fri, 31 Feb 9999 99:99:99 GMT',
  'Infinity',
  '6m0s',
];
