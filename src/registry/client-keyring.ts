import { ProxyError } from '../common/errors.js';
import type { ClientKey } from './client-key.entity.js';
import { clientKeyDigest, isClientKey } from './client-key-token.js';

/** Why a key opens nothing. */
export type KeyRefusal = 'malformed' | 'unknown' | 'revoked' | 'expired';

export type KeyFound =
  | { readonly key: ClientKey; readonly refusal: null }
  | { readonly key: ClientKey | null; readonly refusal: KeyRefusal };

/** The client keys there are, by digest: a look-up is one hash and one table access, whoever asks. */
export class ClientKeyring {
  readonly #byDigest: ReadonlyMap<string, ClientKey>;
  readonly #byId: ReadonlyMap<string, ClientKey>;

  constructor(keys: readonly ClientKey[]) {
    this.#byDigest = new Map(keys.map((key) => [key.digest, key]));
    this.#byId = new Map(keys.map((key) => [key.id, key]));
  }

  /** Whether any was ever given out. Revoking the last one must not open the door to everybody. */
  get used(): boolean {
    return this.#byId.size > 0;
  }

  /** `now` is epoch ms. */
  find(token: string, now: number): KeyFound {
    if (!isClientKey(token)) return { key: null, refusal: 'malformed' };
    const key = this.#byDigest.get(clientKeyDigest(token));
    return key === undefined ? { key: null, refusal: 'unknown' } : standing(key, now);
  }

  /** The key as it is now. */
  get(id: string): ClientKey | null {
    return this.#byId.get(id) ?? null;
  }

  /** Why the key of that id does not open the door any more; null = it does. For streams that are open already. */
  refusal(id: string, now: number): KeyRefusal | null {
    const key = this.#byId.get(id);
    return key === undefined ? 'revoked' : standing(key, now).refusal;
  }
}

function standing(key: ClientKey, now: number): KeyFound {
  if (key.revokedAt !== null) return { key, refusal: 'revoked' };
  if (key.expiresAt !== null && key.expiresAt <= now) return { key, refusal: 'expired' };
  return { key, refusal: null };
}

const MESSAGES: Readonly<Record<KeyRefusal, string>> = {
  malformed:
    'The bearer token is not a client key of this proxy (they begin with rpx_; part of it may be missing).',
  unknown: 'This client key is not known here; ask the operator of this proxy for one.',
  revoked: 'This client key has been revoked; ask the operator of this proxy for another one.',
  expired: 'This client key has expired; ask the operator of this proxy for another one.',
};

export function keyRefused(refusal: KeyRefusal): ProxyError {
  return new ProxyError('unauthorized', MESSAGES[refusal]);
}
