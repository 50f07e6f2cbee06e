// The upstream in Node: for WebSocket turns, and for everything where there is no C compiler (native/upstream.c is the
// same in C). Every answer is ready-made but for the response id and the time of a paced event.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { ANSWER_HEADERS, RESPONSE_ID, SENT_AT, events, frame, jsonAnswer } from './answers.mjs';

const json = Buffer.from(jsonAnswer());
const frames = events().map((event) => Buffer.from(frame(event)));
const last = frames.length - 1;
const turn = events(50).map((event) => JSON.stringify(event));

let counter = 0;

/** The same bytes with another number in the place of the mark. */
function filled(buffer, mark, skip, number) {
  const at = buffer.indexOf(mark);
  if (at < 0) return buffer;
  const copy = Buffer.from(buffer);
  copy.write(String(number).padStart(mark.length - skip, '0'), at + skip, 'latin1');
  return copy;
}
const stamped = (buffer) => filled(buffer, RESPONSE_ID, 5, ++counter);

function openSse(res) {
  res.writeHead(200, { ...ANSWER_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
}

function sendBurst(res) {
  openSse(res);
  res.socket.cork();
  for (let i = 0; i < last; i += 1) res.write(frames[i]);
  res.end(stamped(frames[last]));
  res.socket.uncork();
}

function sendPaced(res, interval, count) {
  openSse(res);
  res.write(frames[0]);
  let left = count - 1;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) {
      res.write(filled(frames[1], SENT_AT, 1, process.hrtime.bigint()));
    } else {
      clearInterval(timer);
      res.end(stamped(frames[last]));
    }
  }, interval);
  res.on('close', () => clearInterval(timer));
}

function sendJson(res) {
  res.writeHead(200, {
    ...ANSWER_HEADERS,
    'content-type': 'application/json',
    'content-length': json.length,
  });
  res.end(stamped(json));
}

function answer(res, start) {
  const [, kind, first, second] = /b-mode:(\w+):?(\d*):?(\d*)/.exec(start) ?? [];
  if (kind === 'paced') sendPaced(res, Number(first), Number(second));
  else if (kind === 'burst') sendBurst(res);
  else if (kind === 'delay') setTimeout(() => sendJson(res), Number(first));
  else sendJson(res);
}

const server = createServer((req, res) => {
  let start = '';
  req.on('data', (chunk) => {
    if (start.length < 4096) start += chunk.latin1Slice(0, 4096);
  });
  req.on('end', () => answer(res, start));
});
new WebSocketServer({ server }).on('connection', (socket) =>
  socket.on('message', () => {
    counter += 1;
    const id = `resp_${String(counter).padStart(40, '0')}`;
    for (const event of turn) socket.send(event.replace(RESPONSE_ID, id));
  }),
);
server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2] ?? 9001), '127.0.0.1');
