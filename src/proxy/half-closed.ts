import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Before the head: milliseconds between interim responses, two within the first 150. After the last the client waits. */
const PROBES = [100, 50, 100, 150, 300, 600];
/** After the head: windows in each of which something must have been written. */
const QUIET_MS = 250;
const WINDOWS = 3;

/**
 * A FIN from a client means one of two things that look the same: it has closed (and wants the upstream stopped), or it
 * has only finished sending (and waits for its answer). What tells them apart is writing: a closed client's kernel
 * answers with a reset, and the next write fails. So before the answer's head interim responses are sent, which a
 * waiting client skips; nothing for the first 100 ms, when most answers are through. Afterwards only the answer's own
 * bytes can tell: a stream that stays quiet for 250 ms right after the FIN counts as abandoned, because stopping the
 * upstream of a client that has gone matters more than a client that half-closes and then reads a slow stream.
 */
export function watchHalfClosed(socket: Socket, res: ServerResponse): void {
  let probes = 0;
  let windows = 0;
  let written = socket.bytesWritten;
  let timer: NodeJS.Timeout | null = null;
  const wait = (ms: number | undefined): void => {
    timer = ms === undefined ? null : setTimeout(look, ms).unref();
  };
  const look = (): void => {
    if (res.writableEnded || socket.destroyed) return;
    if (!res.headersSent) {
      res.writeProcessing();
      written = socket.bytesWritten;
      wait(PROBES[(probes += 1)]);
      return;
    }
    if (socket.bytesWritten === written && windows > 0) {
      socket.destroy();
      return;
    }
    written = socket.bytesWritten;
    wait((windows += 1) > WINDOWS ? undefined : QUIET_MS);
  };
  socket.once('close', () => {
    if (timer !== null) clearTimeout(timer);
  });
  if (res.headersSent) windows = 1;
  wait(res.headersSent ? QUIET_MS : PROBES[0]);
}
