import { readFile, writeFile } from 'node:fs/promises';
import { ENV_SECTIONS } from '../config/env.js';
import { envTable, replaceBetweenMarkers } from './env-table.js';
import { EXIT } from './exit-code.js';

/** `docs env [--write FILE | --check FILE]`: keeps the README's table the same as the code. */
export async function docsCommand(args: readonly string[]): Promise<number> {
  const [subject, mode, file] = args;
  if (subject !== 'env' || (mode !== undefined && (!['--write', '--check'].includes(mode) || !file))) {
    process.stderr.write('Usage: responses-proxy docs env [--write FILE | --check FILE]\n');
    return EXIT.usage;
  }
  const table = envTable(ENV_SECTIONS);
  if (mode === undefined || file === undefined) {
    process.stdout.write(table);
    return EXIT.ok;
  }
  const before = await readFile(file, 'utf8');
  const after = replaceBetweenMarkers(before, table);
  if (after === null) {
    process.stderr.write(`${file} has no <!-- env:begin --> and <!-- env:end --> markers.\n`);
    return EXIT.failed;
  }
  if (after === before) return EXIT.ok;
  if (mode === '--check') {
    process.stderr.write(`The environment table in ${file} is out of date. Run: npm run docs:env\n`);
    return EXIT.failed;
  }
  await writeFile(file, after);
  return EXIT.ok;
}
