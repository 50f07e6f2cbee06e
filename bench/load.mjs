// The load generator, a process of its own: told over IPC what to send, answers with counts and latencies.
import { Pool } from 'undici';

const filler = 'a sentence of a history that agents send again and again. '.repeat(30);

function bodyOf(scenario, n) {
  const model = scenario.paced ? `paced:${scenario.paced.interval}:${scenario.paced.seconds}` : 'gpt-5.5';
  const session = `bench-${n % 200}`;
  const input = [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: filler.slice(0, 1700) }] },
  ];
  return Buffer.from(
    JSON.stringify({ model, stream: scenario.stream, store: false, prompt_cache_key: session, input }),
  );
}

class Reader {
  constructor(done, opened) {
    this.done = done;
    this.opened = opened;
    this.bytes = 0;
  }
  onConnect() {}
  onHeaders(status) {
    this.status = status;
    return true;
  }
  onData(chunk) {
    if (this.bytes === 0) this.opened();
    this.bytes += chunk.length;
    return true;
  }
  onComplete() {
    this.done(this.status === 200 && this.bytes > 0 ? null : `status ${this.status}`);
  }
  onError(error) {
    this.done(error.message);
  }
}

async function run(scenario) {
  const pool = new Pool(scenario.url, { connections: scenario.concurrency, pipelining: 1 });
  const latencies = [];
  const errors = new Map();
  let next = 0;
  let opened = 0;
  const one = (n) =>
    new Promise((resolve) => {
      const at = performance.now();
      const headers = [
        'content-type',
        'application/json',
        'user-agent',
        'bench/1.0',
        'authorization',
        'Bearer x',
      ];
      const done = (error) => {
        if (error) errors.set(error, (errors.get(error) ?? 0) + 1);
        else latencies.push(performance.now() - at);
        resolve();
      };
      const onOpen = () => {
        opened += 1;
        if (scenario.paced && opened === scenario.total) process.send({ opened });
      };
      pool.dispatch(
        { path: '/v1/responses', method: 'POST', headers, body: bodyOf(scenario, n) },
        new Reader(done, onOpen),
      );
    });
  const started = performance.now();
  await Promise.all(
    Array.from({ length: scenario.concurrency }, async () => {
      while (next < scenario.total) await one(next++);
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (q) => latencies[Math.floor((latencies.length - 1) * q)] ?? null;
  return {
    completed: latencies.length,
    errors: Object.fromEntries(errors),
    seconds,
    p50: at(0.5),
    p99: at(0.99),
  };
}

process.on('message', (scenario) => {
  void run(scenario).then((result) => process.send({ result }));
});
