import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds between looks. Two within the first 250 ms; after the last the client counts as waiting. */
const LOOKS = [150, 60, 100, 150, 300, 600];

/**
 * A FIN from a client means one of two things that look the same: it has closed (and wants the upstream stopped), or it
 * has only finished sending (and waits for its answer). What tells them apart is writing: a closed client's kernel
 * answers with a reset, and the next write fails. So before the answer's head two interim responses are sent, which a
 * waiting client skips; afterwards the answer's own bytes do the same, and a stream too quiet to tell counts as
 * abandoned. Nothing is sent for the first 150 ms: most answers to a half-closed client are through by then.
 */
export function watchHalfClosed(socket: Socket, res: ServerResponse): void {
  let look = 0;
  let written = socket.bytesWritten;
  let timer: NodeJS.Timeout | null = null;
  const next = (): void => {
    const delay = LOOKS[look];
    look += 1;
    timer = delay === undefined ? null : setTimeout(check, delay).unref();
  };
  const check = (): void => {
    if (res.writableEnded || socket.destroyed) return;
    if (!res.headersSent) res.writeProcessing();
    else if (socket.bytesWritten === written) {
      socket.destroy();
      return;
    }
    written = socket.bytesWritten;
    next();
  };
  socket.once('close', () => {
    if (timer !== null) clearTimeout(timer);
  });
  next();
}
