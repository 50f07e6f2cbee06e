// An upstream that costs next to nothing: every answer is ready-made but for the response id. Which one is decided by
// a marker in the body, without parsing it.
import { createServer } from 'node:http';

const HEADERS = {
  'openai-organization': 'org-bench',
  'x-request-id': 'req_bench',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-remaining-tokens': '1999000',
};
const ID = 'resp_0000000000000000000000000000000000000000';
const usage = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 1024 },
  output_tokens: 210,
  output_tokens_details: { reasoning_tokens: 64 },
  total_tokens: 1410,
};
const response = (text, extra) => ({
  id: ID,
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
const frame = (type, fields, n) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields, sequence_number: n })}\n\n`;
const delta = (n) =>
  frame(
    'response.output_text.delta',
    { item_id: 'msg_1', output_index: 0, content_index: 0, delta: ' a few words', obfuscation: 'x7Qa' },
    n,
  );

const json = Buffer.from(JSON.stringify(response('w'.repeat(1500))));
const opening = frame(
  'response.created',
  { response: response('', { status: 'in_progress', output: [], usage: null }) },
  0,
);
const closing = (n) => frame('response.completed', { response: response('w'.repeat(400)) }, n);
const EVENTS = 200;
const burst = [
  opening,
  ...Array.from({ length: EVENTS - 2 }, (_, i) => delta(i + 1)),
  closing(EVENTS - 1),
].map((text) => Buffer.from(text));

let counter = 0;

/** The same bytes with an id of its own. */
function stamped(buffer) {
  const at = buffer.indexOf(ID);
  if (at < 0) return buffer;
  const copy = Buffer.from(buffer);
  copy.write(String(++counter).padStart(40, '0'), at + 5, 'latin1');
  return copy;
}

function sendBurst(res) {
  res.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
  res.socket.cork();
  for (let i = 0; i < EVENTS - 1; i += 1) res.write(burst[i]);
  res.end(stamped(burst[EVENTS - 1]));
  res.socket.uncork();
}

/** One event each `interval` ms until `seconds` have passed. */
function sendPaced(res, interval, seconds) {
  res.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
  res.write(burst[0]);
  let left = Math.round((seconds * 1000) / interval);
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) res.write(burst[1]);
    else {
      clearInterval(timer);
      res.end(stamped(burst[EVENTS - 1]));
    }
  }, interval);
  res.on('close', () => clearInterval(timer));
}

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks).latin1Slice();
    const paced = /paced:(\d+):(\d+)/.exec(body);
    if (paced) return sendPaced(res, Number(paced[1]), Number(paced[2]));
    if (body.includes('"stream":true')) return sendBurst(res);
    res.writeHead(200, { ...HEADERS, 'content-type': 'application/json', 'content-length': json.length });
    res.end(stamped(json));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT ?? 9001), '127.0.0.1', () => process.send?.('listening'));
