import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { guidePath } from '../diagnosis/docs-link.js';

/** Two levels below the package in `src` and in `dist` alike. */
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

const PAGE = '/docs/guide/troubleshooting';
const PATIENCE_MS = 2_000;

/** The first of these addresses at which the documents can be opened; null = none. */
export async function docsBaseOf(addresses: readonly string[]): Promise<string | null> {
  const open = await Promise.all(addresses.map(servesDocs));
  return addresses.find((_, n) => open[n]) ?? null;
}

async function servesDocs(address: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { ok } = await fetch(`${address}${PAGE}`, { method: 'HEAD', redirect: 'manual', signal });
    return ok;
  } catch {
    return false; // nobody there, or nobody who may be asked
  }
}

/** Where a section named `docs/troubleshooting.md#…` can be opened from here: at a proxy that answers, or in a file. */
export function docsPlace(docs: string, base: string | null): string {
  const [, file] = /^(docs\/[\w-]+\.md)(?:#|$)/.exec(docs) ?? [];
  if (file === undefined) return docs;
  if (base !== null) return `${base}${guidePath(docs)}`;
  return existsSync(`${PACKAGE}${file}`) ? `${PACKAGE}${docs}` : docs;
}
