import { readFileSync } from 'node:fs';

/** From the package this file is part of, two folders up both in `src` and in `dist`. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = (manifest as { readonly version?: unknown }).version;
  return typeof version === 'string' ? version : '0.0.0';
}
