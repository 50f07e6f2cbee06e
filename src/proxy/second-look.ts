import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Limits on what a client sends go by the clock. Where this process was late, the bytes may have been there all the time,
 * unread: timers run ahead of the sockets in a turn of the loop. After one more poll whatever had arrived is read, and
 * what is still missing is the client's doing.
 */
export function afterNextPoll(judge: () => void): void {
  setImmediate(judge);
}

/** Connections whose time was up before a whole request had been read, until what had arrived is read. */
export class SecondLook {
  readonly #suspects = new Set<Socket>();

  /** `res`: the answer under way. `condemn` is called unless the head, or the rest of its body, was there already. */
  at(socket: Socket, res: ServerResponse | null, condemn: () => void): void {
    const body = res === null || res.req.complete ? null : res.req;
    this.#suspects.add(socket);
    afterNextPoll(() => {
      if (this.#suspects.delete(socket) && body?.complete !== true) condemn();
    });
  }

  /** The head of a request has been read, or it has become a WebSocket. */
  heard(socket: Socket): boolean {
    return this.#suspects.size > 0 && this.#suspects.delete(socket);
  }

  /** As `heard`. Node watches the rest of such a request no more: `limitMs` is for its body. */
  begun(req: IncomingMessage, limitMs: number): void {
    const { socket } = req;
    if (!this.heard(socket)) return;
    const timer = setTimeout(() => {
      if (!req.complete) socket.destroy();
    }, limitMs).unref();
    socket.once('close', () => clearTimeout(timer));
  }
}
