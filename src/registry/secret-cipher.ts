import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Secret } from '../common/secret.js';

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The row and column a ciphertext belongs to: moved anywhere else it does not open. */
export interface SecretPlace {
  readonly table: string;
  readonly id: string;
  readonly column: string;
}

interface CipherKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Encrypts stored secrets: AES-256-GCM, a random nonce each, `v1.<key id>.<base64url of nonce, ciphertext and tag>`.
 * The key id tells which key opens it, so that values under the previous key stay readable while they are moved.
 */
export class SecretCipher {
  readonly #current: CipherKey;
  readonly #keys: ReadonlyMap<string, CipherKey>;

  /** Both base64 of 32 bytes, as configuration has checked. */
  constructor(current: Secret, previous: Secret | null) {
    this.#current = cipherKey(current);
    const older = previous === null ? [] : [cipherKey(previous)];
    this.#keys = new Map([...older, this.#current].map((key) => [key.id, key]));
  }

  /** Names the current key without telling it. */
  get keyId(): string {
    return this.#current.id;
  }

  seal(secret: Secret, place: SecretPlace): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#current.bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad(place));
    const sealed = [nonce, cipher.update(secret.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()];
    return [VERSION, this.#current.id, Buffer.concat(sealed).toString('base64url')].join('.');
  }

  /** Throws, without a word about the content, when the key is missing, the place is another, or a bit has changed. */
  open(ciphertext: string, place: SecretPlace): Secret {
    const key = this.#keys.get(keyIdOf(ciphertext) ?? '');
    if (key === undefined) {
      throw new Error(
        `The stored secret of ${place.table} ${place.id} is encrypted with a key that is not configured ` +
          '(PROXY_SECRET_ENCRYPTION_KEY, PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS).',
      );
    }
    const bytes = Buffer.from(ciphertext.split('.')[2] ?? '', 'base64url');
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(-TAG_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(aad(place));
      decipher.setAuthTag(tag);
      const opened = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return new Secret(Buffer.concat([opened, decipher.final()]).toString('utf8'));
    } catch {
      throw new Error(
        `The stored secret of ${place.table} ${place.id} has been altered or moved; enter it again.`,
      );
    }
  }

  /** Whether the key it was sealed with is configured; true of what is no ciphertext at all: no key would open that. */
  knows(ciphertext: string): boolean {
    const id = keyIdOf(ciphertext);
    return id === null || this.#keys.has(id);
  }

  /** Whether it was sealed with another key than the current one. */
  isStale(ciphertext: string): boolean {
    return keyIdOf(ciphertext) !== this.#current.id;
  }
}

/** The key id in a ciphertext; null when it is none. */
function keyIdOf(ciphertext: string): string | null {
  const [version, id, sealed, ...more] = ciphertext.split('.');
  if (version !== VERSION || id === undefined || sealed === undefined || more.length > 0) return null;
  return id;
}

function cipherKey(key: Secret): CipherKey {
  const bytes = Buffer.from(key.reveal(), 'base64');
  return { id: createHash('sha256').update('rpx key id').update(bytes).digest('hex').slice(0, 8), bytes };
}

/** Lengths are part of it, so that no two places spell the same. */
function aad({ table, id, column }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([table, id, column]));
}
