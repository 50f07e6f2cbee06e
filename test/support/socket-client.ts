import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { until } from './until.js';

type Event = Readonly<Record<string, unknown>> & { readonly type: string };

/** A WebSocket client that keeps what it hears. */
export class SocketClient {
  readonly frames: Buffer[] = [];
  readonly binary: boolean[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;

  private constructor(
    readonly ws: WebSocket,
    readonly headers: Readonly<Record<string, string | string[] | undefined>>,
  ) {
    ws.on('message', (data: Buffer, isBinary) => {
      this.frames.push(Buffer.from(data));
      this.binary.push(isBinary);
    });
    ws.on('error', () => undefined);
    ws.once('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
  }

  /** Rejects with the status of a refusal. */
  static open(
    url: string,
    headers: Record<string, string> = {},
    options: ClientOptions = {},
  ): Promise<SocketClient> {
    return new Promise((resolve, reject) => {
      const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/responses`, { headers, ...options });
      let answered: SocketClient | null = null;
      ws.once('upgrade', (res) => (answered = new SocketClient(ws, res.headers)));
      ws.once('open', () => resolve(answered!));
      ws.on('error', reject);
      ws.once('unexpected-response', (_, res) => {
        let body = '';
        res.on('data', (chunk: Buffer) => (body += chunk.toString()));
        res.on('end', () =>
          reject(
            Object.assign(new Error(String(res.statusCode)), {
              status: res.statusCode,
              headers: res.headers,
              body,
            }),
          ),
        );
      });
    });
  }

  get events(): Event[] {
    return this.frames.map((frame) => JSON.parse(frame.toString()) as Event);
  }

  send(value: object): void {
    this.ws.send(JSON.stringify(value));
  }

  create(fields: object = {}): void {
    this.send({ type: 'response.create', model: 'gpt-5.5', input: 'hello', store: false, ...fields });
  }

  ends(): Event[] {
    return this.events.filter(({ type }) => /^(error|response\.(completed|incomplete|failed))$/.test(type));
  }

  /** Until `count` responses have ended, in this connection's life. */
  async ended(count = 1, timeoutMs = 10_000): Promise<Event[]> {
    await until(
      () => this.ends().length,
      (n) => n >= count,
      { timeoutMs, what: `${count} ends; heard ${this.frames.length} frames` },
    );
    return this.ends();
  }

  async untilClosed(timeoutMs = 10_000): Promise<{ readonly code: number; readonly reason: string }> {
    await until(() => this.closed !== null, { timeoutMs, what: 'close' });
    return this.closed!;
  }
}
