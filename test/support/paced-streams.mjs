// Many slow streams, measured: `upstream` writes one event each interval with the time in it, `clients` opens the
// streams and says how late each event was. Processes of their own, so that neither waits for a test or for the other.
import { Agent, createServer, request } from 'node:http';

const [role, ...args] = process.argv.slice(2);
// Of the whole machine: the two processes read the same clock.
const now = () => performance.timeOrigin + performance.now();
if (role === 'upstream') upstream();
else await clients(args[0], ...args.slice(1).map(Number));

function upstream() {
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => (body += chunk));
    req.on('end', () => {
      const [, interval, events] = /paced:(\d+):(\d+)/.exec(body) ?? [];
      const streams = interval !== undefined;
      const type = streams ? 'text/event-stream' : 'application/json';
      res.writeHead(200, { 'content-type': type, 'openai-organization': 'org-paced' });
      if (streams) pace(res, Number(interval), Number(events));
      else res.end('{}');
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

function pace(res, interval, events) {
  let n = 0;
  // Spread over the interval: a thousand timers at once would measure themselves.
  const first = setTimeout(() => {
    const timer = setInterval(() => {
      n += 1;
      if (n < events) res.write(frame('response.output_text.delta', { at: now(), delta: ' word' }));
      else {
        clearInterval(timer);
        const response = { id: `resp_${Math.random()}`, status: 'completed', output: [], usage: null };
        res.end(frame('response.completed', { response }));
      }
    }, interval);
    res.once('close', () => clearInterval(timer));
  }, Math.random() * interval);
  res.once('close', () => clearTimeout(first));
}

function frame(type, fields) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

async function clients(url, streams, interval, events) {
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const late = [];
  let failed = 0;
  const one = () =>
    new Promise((resolve) => {
      let ended = false;
      const done = (ok) => {
        if (!ok) failed += 1;
        resolve();
      };
      const body = JSON.stringify({ model: `paced:${interval}:${events}`, input: 'x', stream: true });
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const req = request(`${url}/v1/responses`, { method: 'POST', agent, headers }, (res) => {
        res.setEncoding('latin1');
        res.on('data', (text) => {
          const at = now();
          for (const [, sent] of text.matchAll(/"at":([\d.]+)/g)) late.push(at - Number(sent));
          if (text.includes('response.completed')) ended = true;
        });
        res.on('error', () => undefined);
        res.on('close', () => done(ended && res.complete && res.statusCode === 200));
      });
      req.on('error', () => done(false));
      req.end(body);
    });
  const all = [];
  for (let n = 0; n < streams; n += 1) {
    all.push(one());
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(all);
  late.sort((a, b) => a - b);
  const quantile = (q) => late[Math.min(late.length - 1, Math.ceil(late.length * q) - 1)];
  process.send({ failed, events: late.length, p50: quantile(0.5), p99: quantile(0.99) });
  agent.destroy();
}
