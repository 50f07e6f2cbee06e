import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { isProxyPath } from './proxy-path.js';

/** Wants to be a WebSocket below /v1: the one upgrade there is here. */
export function isRelayed(req: IncomingMessage): boolean {
  return req.headers.upgrade?.toLowerCase() === 'websocket' && isProxyPath(req.url);
}

/**
 * With an `upgrade` listener Node 20 takes every request with an `Upgrade` header off its parser, `curl --http2` among
 * them. A server that does not know the protocol has to answer as if it had not been asked for (RFC 9110 7.8), so the
 * request is put back in front of the socket without the header, and the connection starts over.
 */
export function serveUnupgraded(server: Server, req: IncomingMessage, socket: Socket, head: Buffer): void {
  // An answer is still due on this connection: its bytes and those of the next must not mix.
  if ((socket as Socket & { _httpMessage?: unknown })._httpMessage) {
    socket.destroy();
    return;
  }
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? '';
    const value = req.rawHeaders[i + 1] ?? '';
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${/^connection$/i.test(name) ? withoutUpgrade(value) : value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !/^(?:upgrade|http2-settings)$/i.test(option)).join(', ') || 'keep-alive';
}
