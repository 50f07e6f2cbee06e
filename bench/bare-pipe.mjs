// The least a proxy on Node can do: take the request, send it with another key over undici, pipe the answer back.
// No routing, no records, no limits. What the product costs is said in multiples of this.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const upstream = new URL(process.env.UPSTREAM ?? 'http://127.0.0.1:9001/v1');
const pool = new Pool(upstream.origin, { connections: 4096, pipelining: 1 });
const HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'content-length',
  'authorization',
]);

class Pipe {
  constructor(res) {
    this.res = res;
  }

  onConnect(abort) {
    this.res.on('close', () => this.res.writableFinished || abort());
  }

  onHeaders(status, raw, resume) {
    if (status < 200) return true;
    const headers = [];
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i].latin1Slice();
      if (!HOP.has(name.toLowerCase()) || name.toLowerCase() === 'content-length')
        headers.push(name, raw[i + 1].latin1Slice());
    }
    this.res.writeHead(status, headers);
    this.res.on('drain', resume);
    return true;
  }

  onData(chunk) {
    return this.res.write(chunk);
  }

  onComplete() {
    this.res.end();
  }

  onError() {
    if (this.res.headersSent) this.res.destroy();
    else this.res.writeHead(502).end();
  }
}

const server = createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const headers = ['authorization', 'Bearer sk-bench'];
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      if (!HOP.has(req.rawHeaders[i].toLowerCase())) headers.push(req.rawHeaders[i], req.rawHeaders[i + 1]);
    }
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    pool.dispatch({ path: req.url, method: req.method, headers, body }, new Pipe(res));
  });
});
server.listen(Number(process.env.PORT ?? 9002), '127.0.0.1');
