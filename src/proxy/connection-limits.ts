import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterNextPoll } from './second-look.js';

/** Requests one connection may have sent ahead of their answers. Clients in use send none; browsers neither. */
const MAX_UNANSWERED = 8;
/** How long an upload nobody wants is still read after its answer, so that the client can read the answer. */
const LINGER_MS = 1_000;

const unanswered = new WeakMap<Socket, number>();

/**
 * Node hands over every request it finds in a packet at once, so a few kilobytes could start a thousand of them. False
 * when the request is one too many: its connection is gone.
 */
export function admitPipelined(socket: Socket, res: ServerResponse): boolean {
  const count = (unanswered.get(socket) ?? 0) + 1;
  unanswered.set(socket, count);
  if (count > MAX_UNANSWERED) {
    socket.destroy();
    return false;
  }
  res.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
  return true;
}

/** Ends a connection whose client takes nothing of an answer of Express for this long. The hot path has its own clock. */
export function limitStalledAnswer(res: ServerResponse, limitMs: number): void {
  res.setTimeout(limitMs, () => {
    const { socket } = res;
    if (socket !== null && socket.writableLength > 0) socket.destroy();
  });
  // Ahead of Node's own listener, which sets the time an idle connection is kept.
  res.prependOnceListener('finish', () => res.socket?.setTimeout(0));
}

/** Ends a connection that was idle for as long as one is kept, unless its next request is there and unread. */
export function endIdle(socket: Socket & { _httpMessage?: ServerResponse | null }): void {
  // An answer under way has its own clock.
  if (socket._httpMessage) return;
  const { bytesRead } = socket;
  afterNextPoll(() => {
    if (socket.bytesRead === bytesRead) socket.destroy();
  });
}

/** An answer does not wait for the rest of a body that nothing reads, and neither does its connection. */
export function endUnreadBody(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined) return;
  res.once('finish', () => {
    if (req.complete) return;
    const timer = setTimeout(() => {
      if (!req.complete) req.socket.destroySoon();
    }, LINGER_MS).unref();
    req.socket.once('close', () => clearTimeout(timer));
  });
}
