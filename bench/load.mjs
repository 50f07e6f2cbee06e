// The load generator where there is no C compiler: same arguments and answer as native/load.c, at ten times its cost.
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { SESSION } from './answers.mjs';
import { optionsFrom, report } from './load-report.mjs';

const options = optionsFrom(process.argv.slice(2));
const text = readFileSync(options.request);
const headEnd = text.indexOf('\r\n\r\n');
const body = text.subarray(headEnd + 4);
const skipped = /^(content-length|host|session-id)$/;
const headers = text
  .toString('latin1', 0, headEnd)
  .split('\r\n')
  .slice(1)
  .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
  .filter(([name]) => !skipped.test(name))
  .flat();
const pool = new Pool(`http://127.0.0.1:${options.port}`, { connections: options.conc, pipelining: 1 });
const found = { latency: [], first_byte: [], event_delay: [] };
const errors = { refused: 0, cut: 0, status: 0, last_status: 0, unfinished: 0 };

function noteDelays(chunk) {
  const now = Number(process.hrtime.bigint());
  for (let at = chunk.indexOf('"@0'); at >= 0; at = chunk.indexOf('"@0', at + 22)) {
    if (chunk.length - at < 22) return;
    found.event_delay.push((now - Number(chunk.latin1Slice(at + 2, at + 22))) / 1e6);
  }
}

function one(n, due) {
  const session = SESSION.replace(/\d+/, String(n % options.sessions).padStart(7, '0'));
  return new Promise((resolve) => {
    let first = 0;
    let status = 0;
    const failed = (kind) => {
      errors[kind] += 1;
      resolve();
    };
    pool.dispatch(
      { path: '/v1/responses', method: 'POST', headers: [...headers, 'session-id', session], body },
      {
        onConnect() {},
        onHeaders(code) {
          status = code;
          return true;
        },
        onData(chunk) {
          first ||= performance.now();
          if (options.paced) noteDelays(chunk);
          return true;
        },
        onComplete() {
          errors.last_status = status === 200 ? errors.last_status : status;
          if (status !== 200) return failed('status');
          found.latency.push(performance.now() - due);
          found.first_byte.push(first - due);
          resolve();
        },
        onError: (error) => failed(error.code === 'ECONNREFUSED' ? 'refused' : 'cut'),
      },
    );
  });
}

const started = performance.now();
let next = 0;
if (options.rate > 0) {
  const sent = [];
  const due = (n) => started + (n * 1000) / options.rate;
  while (next < options.total) {
    while (next < options.total && due(next) <= performance.now()) {
      const n = next++;
      sent.push(one(n, due(n)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(sent);
} else {
  await Promise.all(
    Array.from({ length: options.conc }, async () => {
      while (next < options.total) await one(next++, performance.now());
    }),
  );
}
const seconds = (performance.now() - started) / 1000;
await pool.close();
report(found, errors, seconds);
