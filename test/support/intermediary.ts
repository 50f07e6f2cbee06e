import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createGzip } from 'node:zlib';

export interface Habits {
  /** Passes answers on when they are complete. */
  readonly buffers?: boolean;
  /** Compresses answers. */
  readonly compresses?: boolean;
  /** Ends answers that are silent for so long. */
  readonly cutsAfterMs?: number;
  /** Ends answers that stream after so many bytes. */
  readonly cutsAfterBytes?: number;
  readonly dropsUnderscores?: boolean;
  readonly drops?: readonly string[];
  readonly mostBodyBytes?: number;
  /** Answers 404 for what is no path of the API. */
  readonly onlyApi?: boolean;
  readonly upgrades?: boolean;
  /** Adds forwarding headers, so that callers behind it do not count as local. */
  readonly forwards?: boolean;
}

/** A reverse proxy as people have them in front, with the settings that break agents. */
export class Intermediary {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly target: number,
    private readonly habits: Habits,
  ) {
    this.#server = createServer((req, res) => this.#pass(req, res));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    if (habits.upgrades !== false)
      this.#server.on('upgrade', (req, socket) => this.#upgrade(req, socket as Socket));
  }

  static async start(target: number, habits: Habits): Promise<Intermediary> {
    const one = new Intermediary(target, habits);
    await new Promise<void>((resolve) => one.#server.listen(0, '127.0.0.1', resolve));
    return one;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(req: IncomingMessage, res: ServerResponse): void {
    const { mostBodyBytes = Infinity, onlyApi } = this.habits;
    if (onlyApi === true && !/^\/(?:v1|healthz)/.test(req.url ?? '')) {
      res.writeHead(404).end('<html>404 Not Found</html>');
      return;
    }
    if (Number(req.headers['content-length'] ?? 0) > mostBodyBytes) {
      req.resume();
      res.writeHead(413, { connection: 'close' }).end('<html>413 Request Entity Too Large</html>');
      return;
    }
    const onward = request({
      port: this.target,
      host: '127.0.0.1',
      method: req.method,
      path: req.url,
      headers: this.#headers(req),
    });
    onward.on('error', () => res.destroy());
    onward.on('response', (answer) => this.#back(answer, res));
    req.pipe(onward);
  }

  #headers(req: IncomingMessage): Record<string, string | string[] | undefined> {
    const { dropsUnderscores, drops = [], forwards } = this.habits;
    const kept = Object.entries(req.headers).filter(
      // Hop by hop: what it does not pass on as an upgrade is an ordinary request.
      ([name]) =>
        !/^(?:connection|upgrade)$/.test(name) &&
        !drops.includes(name) &&
        (dropsUnderscores !== true || !name.includes('_')),
    );
    return { ...Object.fromEntries(kept), ...(forwards === true ? { 'x-forwarded-for': '10.1.2.3' } : {}) };
  }

  #back(answer: IncomingMessage, res: ServerResponse): void {
    const { buffers, compresses, cutsAfterMs, cutsAfterBytes = Infinity } = this.habits;
    answer.on('error', () => res.destroy());
    if (cutsAfterMs !== undefined)
      answer.socket.setTimeout(cutsAfterMs, () => (res.destroy(), answer.destroy()));
    let passed = 0;
    if (String(answer.headers['content-type']).startsWith('text/event-stream'))
      answer.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (passed <= cutsAfterBytes) return;
        res.destroy();
        answer.destroy();
      });
    if (buffers === true) {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('end', () =>
        res.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(chunks)),
      );
      return;
    }
    if (compresses !== true || res.req.headers['accept-encoding'] === undefined) {
      res.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
      answer.pipe(res);
      return;
    }
    const { 'content-length': _length, ...headers } = answer.headers;
    res.writeHead(answer.statusCode ?? 502, { ...headers, 'content-encoding': 'gzip' });
    answer.pipe(createGzip()).pipe(res);
  }

  #upgrade(req: IncomingMessage, socket: Socket): void {
    const onward = connect(this.target, '127.0.0.1', () => {
      const lines = [`${req.method} ${req.url} HTTP/1.1`];
      for (let i = 0; i < req.rawHeaders.length; i += 2)
        lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.pipe(socket).pipe(onward);
    });
    this.#sockets.add(onward);
    onward.on('error', () => socket.destroy());
  }
}
