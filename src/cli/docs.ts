import { readFile, writeFile } from 'node:fs/promises';
import { ENV_SECTIONS } from '../config/env.js';
import { envTable } from './env-table.js';
import { errorPages } from './error-pages.js';
import { EXIT } from './exit-code.js';
import { replaceGenerated } from './generated-part.js';

const PARTS: Readonly<Record<string, () => string>> = {
  env: () => envTable(ENV_SECTIONS),
  errors: errorPages,
};

/** `docs env|errors [--write FILE | --check FILE]`: keeps what documents say the same as the code. */
export async function docsCommand(args: readonly string[]): Promise<number> {
  const [subject = '', mode, file] = args;
  const make = Object.hasOwn(PARTS, subject) ? PARTS[subject] : undefined;
  if (make === undefined || (mode !== undefined && (!['--write', '--check'].includes(mode) || !file))) {
    process.stderr.write('Usage: responses-proxy docs env|errors [--write FILE | --check FILE]\n');
    return EXIT.usage;
  }
  const part = make();
  if (mode === undefined || file === undefined) {
    process.stdout.write(part);
    return EXIT.ok;
  }
  const before = await readFile(file, 'utf8');
  const after = replaceGenerated(before, subject, part);
  if (after === null) {
    process.stderr.write(`${file} has no <!-- ${subject}:begin --> and <!-- ${subject}:end --> markers.\n`);
    return EXIT.failed;
  }
  if (after === before) return EXIT.ok;
  if (mode === '--check') {
    process.stderr.write(
      `The generated part of ${file} is out of date. Run: responses-proxy docs ${subject} --write ${file}\n`,
    );
    return EXIT.failed;
  }
  await writeFile(file, after);
  return EXIT.ok;
}
