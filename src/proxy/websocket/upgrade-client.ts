import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket, WebSocketServer } from 'ws';
import { CLIENT_PATIENCE_MS } from './close-socket.js';

/** Nothing is due from a client before its handshake is answered; a little is kept for one that is in a hurry. */
const EARLY_BYTES = 64 * 1024;

/** A client between its upgrade request and the answer to it: can be let in or refused in plain HTTP, once. */
export class UpgradeClient {
  readonly res: ServerResponse;
  readonly #early: Buffer[];
  #earlyBytes = 0;
  #onData: ((chunk: Buffer) => void) | null;
  #answered = false;

  constructor(
    readonly req: IncomingMessage,
    private readonly socket: Socket,
    head: Buffer,
    onGone: () => void,
  ) {
    this.res = new ServerResponse(req);
    this.#early = head.length > 0 ? [head] : [];
    this.#onData = (chunk): void => {
      this.#early.push(chunk);
      this.#earlyBytes += chunk.length;
      if (this.#earlyBytes > EARLY_BYTES) socket.destroy();
    };
    socket.on('error', () => socket.destroy());
    socket.once('close', onGone);
    // Reading is what makes the end of the connection known.
    socket.on('data', this.#onData);
    socket.setTimeout(0);
  }

  /** An answer to an earlier request is still due on this connection: two would mix. */
  static isBusy(socket: Socket): boolean {
    return (socket as Socket & { _httpMessage?: unknown })._httpMessage != null;
  }

  /** Makes `res` write to the socket; the connection ends with its answer. */
  refusable(): ServerResponse {
    const { res, socket } = this;
    if (this.#answered || socket.destroyed) return res;
    this.#answered = true;
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    // A client that reads nothing would hold a long answer, and its connection, for ever.
    const timer = setTimeout(() => socket.destroy(), CLIENT_PATIENCE_MS).unref();
    socket.once('close', () => clearTimeout(timer));
    res.once('finish', () => {
      res.detachSocket(socket);
      socket.destroySoon();
    });
    return res;
  }

  /** Completes the handshake. `accepted` is called before this returns, if at all. */
  accept(server: WebSocketServer, accepted: (socket: WebSocket, connection: Socket) => void): void {
    const { socket, req } = this;
    if (this.#answered || socket.destroyed) return;
    this.#answered = true;
    if (this.#onData !== null) socket.off('data', this.#onData);
    this.#onData = null;
    server.handleUpgrade(req, socket, Buffer.concat(this.#early), (client) => accepted(client, socket));
  }
}
