import { statSync } from 'node:fs';

const OTHERS = 0o077;

/** What is wrong with who may enter the directory of the records; null when nothing is, or there is none. */
export function dataDirectoryWarning(path: string): string | null {
  const mode = modeOf(path);
  if (mode === null || (mode & OTHERS) === 0) return null;
  const shown = (mode & 0o777).toString(8);
  return `PROXY_DATA_DIR ${path} holds conversations and other users of this machine may enter it (mode ${shown}): chmod 700 it`;
}

/** Null also where it cannot be looked at, as below a file: whoever is to use it says why. */
function modeOf(path: string): number | null {
  try {
    return statSync(path).mode;
  } catch {
    return null;
  }
}
