import { pino, type DestinationStream } from 'pino';

/** About twenty lines: one system call for each would cost more than making them. */
const GATHERED_BYTES = 8_192;
/** Longest a line waits in memory for company. What a kill -9 costs is log lines; records are on disk by then. */
const LONGEST_WAIT_MS = 250;

/** Standard output, written in blocks. Whatever is left goes out when the process exits, and at once on a fatal line. */
export function gatheringStdout(): DestinationStream {
  return pino.destination({
    dest: 1,
    sync: false,
    minLength: GATHERED_BYTES,
    periodicFlush: LONGEST_WAIT_MS,
  });
}
