import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { guidePath } from '../diagnosis/docs-link.js';

/** Two levels below the package in `src` and in `dist` alike. */
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

/** Where a section named `docs/troubleshooting.md#…` can be opened from here: at a proxy that answers, or in a file. */
export function docsPlace(docs: string, base: string | null): string {
  const [, file] = /^(docs\/[\w-]+\.md)(?:#|$)/.exec(docs) ?? [];
  if (file === undefined) return docs;
  if (base !== null) return `${base}${guidePath(docs)}`;
  return existsSync(`${PACKAGE}${file}`) ? `${PACKAGE}${docs}` : docs;
}
