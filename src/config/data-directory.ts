import { statSync } from 'node:fs';

const OTHERS = 0o077;

/** What is wrong with who may enter the directory of the records; null when nothing is, or it is still to be made. */
export function dataDirectoryWarning(path: string): string | null {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & OTHERS) === 0) return null;
  const shown = (mode & 0o777).toString(8);
  return `PROXY_DATA_DIR ${path} holds conversations and other users of this machine may enter it (mode ${shown}): chmod 700 it`;
}
