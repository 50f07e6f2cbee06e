import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/**
 * An upstream that refuses a request while its body is on its way may answer and close at once: what we still write meets
 * a reset, and Node gives the socket up with the answer unread in its buffer. A failed write waits for one more poll, in
 * which whatever has arrived is read; without an answer it is the same failure a turn of the loop later.
 */
export function readsBeforeReset(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, done) => {
    connect(target, (...result) => {
      if (result[0] === null) destroysLate(result[1]);
      done(...result);
    });
  };
}

function destroysLate(socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error & { syscall?: string }): Socket => {
    if (error?.syscall !== 'write') return destroy(error);
    staysReadable(socket);
    // The first may still be of the turn in which the write failed, with nothing polled since.
    setImmediate(() => setImmediate(() => destroy(error)));
    return socket;
  };
}

/** Node has no public way to read on where a write has failed: a stream with an error on it drops what it is given. */
function staysReadable(socket: Socket): void {
  const { _readableState: state } = socket as unknown as { _readableState?: { errored: Error | null } };
  if (state !== undefined) state.errored = null;
}
