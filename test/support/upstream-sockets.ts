import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { FakeUpstream } from './fake-upstream.js';
import { UpstreamSocket } from './upstream-socket.js';
import type { SocketCreate } from './upstream-socket.js';

/** How a handshake goes wrong for a key: a status, or something worse. */
export type UpgradeFault = number | 'reset' | 'hang' | 'garbage';

/** WebSocket mode of the fake upstream: refusals at the upgrade by key, and the record of every connection. */
export class UpstreamSockets {
  readonly connections: UpstreamSocket[] = [];
  /** By key; `*` is every key. */
  readonly faults = new Map<string, UpgradeFault>();
  /** For the next handshakes, whatever their key; one each. */
  readonly next: UpgradeFault[] = [];
  /** Handshakes as they came, refused ones too. */
  readonly upgrades: { readonly key: string | null; readonly req: IncomingMessage }[] = [];
  acceptHeaders: Record<string, string> = {};
  retryAfter: string | null = null;
  readonly #server: WebSocketServer;

  constructor(private readonly up: FakeUpstream) {
    this.#server = new WebSocketServer({ noServer: true, perMessageDeflate: true });
    this.#server.on('headers', (lines, req) => {
      lines.push(`x-request-id: req_ws_${this.upgrades.length}`);
      const organization = up.accounts.organizationOf(keyOf(req));
      lines.push(`openai-organization: ${organization}`);
      for (const [name, value] of Object.entries(this.acceptHeaders)) lines.push(`${name}: ${value}`);
    });
  }

  get creates(): readonly SocketCreate[] {
    return this.connections.flatMap((connection) => connection.creates);
  }

  get last(): UpstreamSocket {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('no WebSocket has come in');
    return connection;
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const key = keyOf(req);
    this.upgrades.push({ key, req });
    const fault = this.faults.get(key ?? '') ?? this.faults.get('*') ?? this.next.shift();
    if (fault === 'hang') return;
    if (fault === 'reset') return void socket.destroy();
    if (fault === 'garbage') return void socket.end('HTTP/1.1 101 Fine\r\nconnection: upgrade\r\n\r\n');
    if (fault !== undefined) return this.#refuse(socket, fault);
    const organization = this.up.accounts.organizationOf(key);
    if (key === null || organization === null) return this.#refuse(socket, 401);
    this.#server.handleUpgrade(req, socket, head, (ws) => {
      this.connections.push(new UpstreamSocket(this.up, ws, key, organization, req));
    });
  }

  #refuse(socket: Duplex, status: number): void {
    const code = CODES[status] ?? null;
    const body = JSON.stringify({
      error: { message: `refused with ${status}`, type: 'x', param: null, code },
    });
    const wait = this.retryAfter === null ? '' : `retry-after: ${this.retryAfter}\r\n`;
    socket.end(
      `HTTP/1.1 ${status} No\r\ncontent-type: application/json\r\n${wait}content-length: ${body.length}\r\n\r\n${body}`,
    );
  }
}

const CODES: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  429: 'rate_limit_exceeded',
  500: 'server_error',
};

function keyOf(req: IncomingMessage): string | null {
  return /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? null;
}
