import cluster from 'node:cluster';
import { pino, type DestinationStream } from 'pino';

/** About twenty lines: one system call for each would cost more than making them. */
const GATHERED_BYTES = 8_192;
/**
 * Several processes on one pipe: what is at most this long (PIPE_BUF) is never written into the middle of another's line,
 * however slow the reader is.
 */
const SHARED_PIPE_BYTES = 4_096;
/** Longest a line waits in memory for company. What a kill -9 costs is log lines; records are on disk by then. */
const LONGEST_WAIT_MS = 250;

/** Standard output, written in blocks. Whatever is left goes out when the process exits, and at once on a fatal line. */
export function gatheringStdout(): DestinationStream {
  return pino.destination({
    dest: 1,
    sync: false,
    ...(cluster.isWorker
      ? { minLength: SHARED_PIPE_BYTES / 2, maxWrite: SHARED_PIPE_BYTES }
      : { minLength: GATHERED_BYTES }),
    periodicFlush: LONGEST_WAIT_MS,
  });
}
