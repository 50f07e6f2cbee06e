import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KnownIdentity } from './known-identity.js';

/**
 * Copy of the identities beside the spool, for a start while SQL is away. Written whole under another name and then
 * renamed: a reader, or a power cut, finds the old copy or the new one.
 */
export class IdentityFile {
  constructor(private readonly path: string) {}

  /** Nothing when the file is absent; throws when it is there and cannot be read. */
  async read(): Promise<KnownIdentity[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (e: unknown) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw e;
    }
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) throw new Error(`${this.path} does not hold a list of identities`);
    return parsed.flatMap(toIdentity);
  }

  async write(identities: readonly KnownIdentity[]): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const rows = identities.map(({ fingerprint, resourceId, organization }) => ({
      fingerprint,
      resource_id: resourceId,
      organization,
    }));
    const draft = `${this.path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(rows, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, this.path);
    } catch (e: unknown) {
      await rm(draft, { force: true });
      throw e;
    }
  }
}

function toIdentity(row: unknown): KnownIdentity[] {
  if (typeof row !== 'object' || row === null) return [];
  const { fingerprint, resource_id: resourceId, organization } = row as Record<string, unknown>;
  if (typeof fingerprint !== 'string' || typeof resourceId !== 'string') return [];
  return [{ fingerprint, resourceId, organization: typeof organization === 'string' ? organization : null }];
}
