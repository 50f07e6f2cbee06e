import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { until } from './until.js';

/** A client that sends exactly the bytes it is told to, and shows exactly what came back and how it ended. */
export class RawClient {
  /** Joined when read: answers here may be many megabytes. */
  #chunks: Buffer[] = [];
  size = 0;
  /** FIN from the other side. */
  ended = false;
  /** Nothing more will come; `error` says whether it was a reset. */
  closed = false;
  error: NodeJS.ErrnoException | null = null;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.size += chunk.length;
    });
    socket.on('end', () => (this.ended = true));
    socket.on('error', (e: NodeJS.ErrnoException) => (this.error = e));
    socket.on('close', () => (this.closed = true));
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** Status of the first final answer (1xx skipped), or null. */
  get status(): number | null {
    const match = /^(?:HTTP\/1\.1 1\d\d [^]*?\r\n\r\n)*HTTP\/1\.1 ([2-5]\d\d)/.exec(this.text);
    return match ? Number(match[1]) : null;
  }

  send(data: string | Buffer): this {
    if (!this.socket.destroyed) this.socket.write(data);
    return this;
  }

  untilText(pattern: RegExp, timeoutMs = 5_000): Promise<string> {
    return until(
      () => this.text,
      (text) => pattern.test(text),
      { timeoutMs, what: `${String(pattern)} in the answer` },
    );
  }

  untilClosed(timeoutMs = 5_000): Promise<boolean> {
    return until(() => this.closed || this.ended, Boolean, {
      timeoutMs,
      what: 'connection closed by the server',
    });
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A request head and body as text. Content-length is added unless the headers say how the body is framed. */
export function rawRequest(
  method: string,
  path: string,
  headers: readonly string[],
  body: string | Buffer = '',
): Buffer {
  const payload = Buffer.from(body);
  const framed = headers.some((h) => /^(content-length|transfer-encoding):/i.test(h));
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(headers.some((h) => /^host:/i.test(h)) ? [] : ['host: 127.0.0.1']),
    ...headers,
    ...(framed || (payload.length === 0 && method === 'GET') ? [] : [`content-length: ${payload.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), payload]);
}
