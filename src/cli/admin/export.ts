import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EXIT } from '../exit-code.js';
import { AdminFailure } from './admin-failure.js';
import { adminCommand, COMMON_HELP } from './command.js';
import { UsageError } from './usage-error.js';

const SUBJECTS = ['requests', 'sessions', 'decisions', 'usage'];
const HELP = `Usage: responses-proxy export ${SUBJECTS.join('|')} [options]

Everything of a kind, newest first, as NDJSON or CSV; never bodies. Text that a spreadsheet would run as a formula gets
a quote mark in front. A session that goes on while sessions are exported may be missing: it has moved to the front.

  --format F    ndjson (default) or csv
  --since WHEN  15m, 2h, 7d, an ISO time with zone, or epoch ms
  --by GROUP    of usage: model, resource, session, key or hour
  --output FILE instead of standard output; the file is there once it is complete
${COMMON_HELP.replace(/^.*--json.*\n/, '')}`;
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
    if (output === undefined) await copy(stream, process.stdout, false);
    else await toFile(stream, output);
    return EXIT.ok;
  },
});

/** Beside it first: half an export under the name of a whole one would be taken for it. */
async function toFile(stream: ReadableStream<Uint8Array>, path: string): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await copy(stream, createWriteStream(partial, { mode: 0o600 }), true);
    await rename(partial, path);
  } catch (e: unknown) {
    await rm(partial, { force: true });
    throw e;
  }
}

async function copy(stream: ReadableStream<Uint8Array>, to: Writable, telling: boolean): Promise<void> {
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
