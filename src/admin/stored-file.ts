import { createHash } from 'node:crypto';

/** A file in memory, sent as it is to everybody: whoever asks for it costs neither a copy nor a hash. */
export interface StoredFile {
  readonly type: string;
  readonly content: Buffer;
  readonly etag: string;
}

export function storedFile(type: string, content: Buffer): StoredFile {
  return {
    type,
    content,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`,
  };
}
