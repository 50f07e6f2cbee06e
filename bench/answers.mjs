// What is sent in a benchmark: the answers of the upstream and the requests of the load generator, as text.
import { agentHistory } from './agent-history.mjs';

export const ANSWER_HEADERS = {
  'openai-organization': 'org-bench',
  'x-request-id': 'req_bench',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-remaining-tokens': '1999000',
};
/** The upstream writes a number of its own here. */
export const RESPONSE_ID = `resp_${'0'.repeat(40)}`;
/** And the time of writing, in nanoseconds of the monotonic clock, behind the `@`. */
export const SENT_AT = `@${'0'.repeat(20)}`;
/** The load generator writes the number of the session here. */
export const SESSION = 'bench-s0000000';
export const EVENTS = 200;

const usage = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 1024 },
  output_tokens: 210,
  output_tokens_details: { reasoning_tokens: 64 },
  total_tokens: 1410,
};

export const response = (text, extra) => ({
  id: RESPONSE_ID,
  object: 'response',
  created_at: 1760000000,
  status: 'completed',
  model: 'gpt-5.5',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text, annotations: [] }],
    },
  ],
  usage,
  ...extra,
});

const opening = { response: response('', { status: 'in_progress', output: [], usage: null }) };
const closing = { response: response('w'.repeat(400)) };
const delta = { item_id: 'msg_1', output_index: 0, content_index: 0, delta: SENT_AT, obfuscation: 'x7Qa' };

/** The events of one answer: the first, `count - 2` deltas, the last. */
export function events(count = EVENTS) {
  return Array.from({ length: count }, (_, n) => {
    const kind = n === 0 ? 'created' : n === count - 1 ? 'completed' : 'output_text.delta';
    const fields = n === 0 ? opening : n === count - 1 ? closing : delta;
    return { type: `response.${kind}`, ...fields, sequence_number: n };
  });
}

export const frame = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
export const jsonAnswer = () => JSON.stringify(response('w'.repeat(1500)));
export const sseAnswer = () => events().map(frame).join('');

const filler = 'a sentence of a history that agents send again and again. ';

/** The body of a request: small ones are one message, from 50 KB on the history of a coding agent. */
export function requestBody({ bytes = 2000, mode = 'json', stream = false }) {
  if (bytes >= 50_000) return JSON.stringify({ ...JSON.parse(agentHistory(bytes)), stream });
  const text = filler.repeat(Math.ceil(bytes / filler.length)).slice(0, bytes - 300);
  return JSON.stringify({
    model: 'gpt-5.5',
    instructions: `b-mode:${mode}`,
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }],
    store: false,
    stream,
    prompt_cache_key: 'bench',
  });
}

/** A whole request as it goes over the wire. */
export function requestText(scenario, port, extraHeaders = {}) {
  const body = requestBody(scenario);
  const headers = {
    host: `127.0.0.1:${port}`,
    'session-id': SESSION,
    'user-agent': 'bench/1.0',
    'content-type': 'application/json',
    authorization: 'Bearer sk-caller',
    accept: '*/*',
    ...extraHeaders,
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /v1/responses HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
