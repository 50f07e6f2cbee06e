import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds between probes: two within the first 250 ms, after the last the client counts as waiting. */
const PROBES = [150, 60, 100, 150, 300, 600];

/**
 * A FIN from a client means one of two things that look the same: it has closed (and wants the upstream stopped), or it
 * has only finished sending (and waits for its answer). What tells them apart is writing: a closed client's kernel
 * answers with a reset, and the next write fails. So before the answer's head interim responses are sent, which a
 * waiting client skips; afterwards the answer's own bytes do the same. Nothing is sent for the first 150 ms: most
 * answers to a half-closed client are through by then.
 */
export function watchHalfClosed(socket: Socket, res: ServerResponse): void {
  let step = 0;
  let timer: NodeJS.Timeout | null = null;
  const next = (): void => {
    const delay = PROBES[step];
    step += 1;
    timer = delay === undefined ? null : setTimeout(probe, delay).unref();
  };
  const probe = (): void => {
    if (res.headersSent || socket.destroyed) return;
    res.writeProcessing();
    next();
  };
  socket.once('close', () => {
    if (timer !== null) clearTimeout(timer);
  });
  next();
}
