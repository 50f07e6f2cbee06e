// WebSocket turns: each of `conc` connections sends the next `response.create` when the last turn has ended.
import { WebSocket } from 'ws';
import { requestBody } from './answers.mjs';
import { optionsFrom, report } from './load-report.mjs';

const options = optionsFrom(process.argv.slice(2));
const create = JSON.stringify({ type: 'response.create', ...JSON.parse(requestBody({ stream: true })) });
const found = { latency: [], first_byte: [], event_delay: [] };
const errors = { refused: 0, cut: 0, status: 0, last_status: 0, unfinished: 0 };
const started = performance.now();
let next = 0;

function connection(n) {
  return new Promise((resolve) => {
    const headers = { authorization: 'Bearer sk-caller', 'session-id': `bench-socket-${n}` };
    const socket = new WebSocket(`ws://127.0.0.1:${options.port}/v1/responses`, { headers });
    let at = 0;
    let first = 0;
    const turn = () => {
      if (next >= options.total) return socket.close();
      next += 1;
      at = performance.now();
      first = 0;
      socket.send(create);
    };
    socket.on('open', turn);
    socket.on('message', (data) => {
      first ||= performance.now();
      if (data.indexOf('"response.completed"') < 0) {
        if (data.indexOf('"type":"error"') < 0) return;
        errors.status += 1;
      } else {
        found.latency.push(performance.now() - at);
        found.first_byte.push(first - at);
      }
      at = 0;
      turn();
    });
    socket.on('error', () => (errors.refused += 1));
    socket.on('close', () => {
      if (at > 0) errors.cut += 1;
      resolve();
    });
  });
}

await Promise.all(Array.from({ length: options.conc }, (_, n) => connection(n)));
report(found, errors, (performance.now() - started) / 1000);
