import { readFile, writeFile } from 'node:fs/promises';
import { ENV_SECTIONS } from '../config/env.js';
import { envTable } from './env-table.js';
import { errorPages } from './error-pages.js';
import { EXIT } from './exit-code.js';
import { replaceGenerated } from './generated-part.js';
import { explained } from './help.js';
import { refuse } from './refuse.js';

const PARTS: Readonly<Record<string, () => string>> = {
  env: () => envTable(ENV_SECTIONS),
  errors: errorPages,
};

const HELP = `Usage: responses-proxy docs env|errors [--write FILE | --check FILE]

Prints the table of environment variables, or what each error code means, as Markdown.

  --write FILE  puts it into FILE, between its markers
  --check FILE  fails when FILE is out of date

Exit codes: 0 done, 1 failed or out of date, 2 wrong command line.
`;

/** Keeps what documents say the same as the code. */
export async function docsCommand(args: readonly string[]): Promise<number> {
  if (explained(args, HELP)) return EXIT.ok;
  const [subject = '', mode, file] = args;
  const make = Object.hasOwn(PARTS, subject) ? PARTS[subject] : undefined;
  if (make === undefined || (mode !== undefined && (!['--write', '--check'].includes(mode) || !file)))
    return refuse(HELP, EXIT.usage);
  const part = make();
  if (mode === undefined || file === undefined) {
    process.stdout.write(part);
    return EXIT.ok;
  }
  return await inFile(subject, part, file, mode === '--check');
}

async function inFile(subject: string, part: string, file: string, check: boolean): Promise<number> {
  const before = await readFile(file, 'utf8');
  const after = replaceGenerated(before, subject, part);
  if (after === null)
    return refuse(
      `${file} has no <!-- ${subject}:begin --> and <!-- ${subject}:end --> markers.`,
      EXIT.failed,
    );
  if (after === before) return EXIT.ok;
  if (check)
    return refuse(
      `The generated part of ${file} is out of date. Run: responses-proxy docs ${subject} --write ${file}`,
      EXIT.failed,
    );
  await writeFile(file, after);
  return EXIT.ok;
}
