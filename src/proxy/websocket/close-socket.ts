import { WebSocket } from 'ws';

/** How long an upstream may take to answer a close before its connection is cut. */
export const UPSTREAM_PATIENCE_MS = 400;
/** A client may have a long last message to read before it comes to the close. */
export const CLIENT_PATIENCE_MS = 10_000;

/** Codes that may be sent; the others stand for "none was received" or are reserved. */
function isSendable(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Closes as the other side was closed: the same code where there is one, 1011 where it broke off. */
export function closeLike(socket: WebSocket, code: number, reason: Buffer, patienceMs: number): void {
  // The close handshake says so without a code, too.
  if (code === 1005) endSocket(socket, undefined, '', patienceMs);
  else if (isSendable(code)) endSocket(socket, code, reason, patienceMs);
  else endSocket(socket, 1011, '', patienceMs);
}

/** Closes, and cuts what does not answer. A side that is not read any more would never see the answer. */
export function endSocket(
  socket: WebSocket,
  code: number | undefined,
  reason: string | Buffer,
  patienceMs: number,
): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (socket.isPaused) socket.resume();
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), patienceMs).unref();
  socket.once('close', () => clearTimeout(timer));
}
