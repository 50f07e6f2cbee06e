import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Node's own limit hands a connection too many back to the primary, which offers it to the next process: with all of them
 * full it would go round for ever. Here it is closed, as one process alone does.
 */
export function limitConnections(server: Server, limit: number): void {
  server.maxConnections = Infinity;
  const open = new WeakSet<Socket>();
  let count = 0;
  server.prependListener('connection', (socket: Socket) => {
    // A connection that starts over after an upgrade nobody wanted comes twice.
    if (open.has(socket)) return;
    if (count >= limit) {
      socket.destroy();
      return;
    }
    open.add(socket);
    count += 1;
    socket.once('close', () => (count -= 1));
  });
}
