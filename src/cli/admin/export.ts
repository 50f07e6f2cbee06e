import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EXIT } from '../exit-code.js';
import { refuse } from '../refuse.js';
import { AdminFailure } from './admin-failure.js';
import { adminCommand, COMMON_HELP } from './command.js';
import { UsageError } from './usage-error.js';

const SUBJECTS = ['requests', 'sessions', 'decisions', 'usage'];
const HELP = `Usage: responses-proxy export ${SUBJECTS.join('|')} [options]

Everything of a kind as NDJSON or CSV, newest first, sessions by their ids; never bodies. Text that a spreadsheet would run
as a formula gets a quote mark in front.

  --format F    ndjson (default) or csv
  --since WHEN  15m, 2h, 7d, an ISO time with zone, or epoch ms
  --by GROUP    of usage: model, resource, session, key or hour
  --output FILE instead of standard output; the file is there once it is complete
${COMMON_HELP.replace(/^.*--json.*\n/, '').replace('2 wrong command line', '2 wrong command line, 130 stopped by a signal')}`;
const EVERY_MS = 5_000;

export const exportCommand = adminCommand({
  help: HELP,
  words: 1,
  options: {
    format: { type: 'string' },
    since: { type: 'string' },
    by: { type: 'string' },
    output: { type: 'string' },
  },
  async run({ admin, values, words: [subject = ''] }) {
    if (!SUBJECTS.includes(subject)) throw new UsageError(`Say what to export: ${SUBJECTS.join(', ')}.`);
    const query = {
      format: values['format'] as string | undefined,
      since: values['since'] as string | undefined,
      group_by: values['by'] as string | undefined,
    };
    const stream = await admin.open(`/admin/export/${subject}`, query);
    const output = values['output'] as string | undefined;
    if (output !== undefined) return await toFile(stream, output);
    await copy(stream, process.stdout, false);
    return EXIT.ok;
  },
});

/** Beside it first: half an export under the name of a whole one would be taken for it. */
async function toFile(stream: ReadableStream<Uint8Array>, path: string): Promise<number> {
  const partial = `${path}.partial`;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  try {
    await copy(stream, createWriteStream(partial, { mode: 0o600 }), true, stop.signal);
    await rename(partial, path);
    return EXIT.ok;
  } catch (e: unknown) {
    await rm(partial, { force: true });
    if (stop.signal.aborted) return refuse(`Stopped: ${path} was not written. Run it again.`, EXIT.stopped);
    throw e;
  }
}

async function copy(
  stream: ReadableStream<Uint8Array>,
  to: Writable,
  telling: boolean,
  signal?: AbortSignal,
): Promise<void> {
  let bytes = 0;
  let shownAt = performance.now();
  const watched = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (telling && performance.now() - shownAt > EVERY_MS) {
        shownAt = performance.now();
        process.stderr.write(`${(bytes / 1_000_000).toFixed(1)} MB so far\n`);
      }
      yield chunk;
    }
  };
  try {
    await pipeline(Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]), watched, to, {
      end: telling,
      signal,
    });
  } catch (e: unknown) {
    const { code, message } = e as NodeJS.ErrnoException;
    // `| head` has seen enough.
    if (code === 'EPIPE') return;
    throw new AdminFailure(`The export broke off after ${bytes} bytes: ${message}. Run it again.`, {
      cause: e,
    });
  }
}
