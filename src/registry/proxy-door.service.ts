import { Inject, Injectable } from '@nestjs/common';
import { checkHost } from '../common/allowed-hosts.js';
import { BadTokenLimiter } from '../common/bad-token-limiter.js';
import { bearerToken } from '../common/bearer-token.js';
import { type CallerRequest, checkProxyAccess } from '../common/caller.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { ClientKey } from './client-key.entity.js';
import { ClientKeyring, type KeyFound, keyRefused, type KeyRefusal } from './client-keyring.js';
import { RegistryStore } from './registry-store.service.js';

/** Who may use /v1, and as whom. */
export interface ProxyCaller {
  /** Scope of its bindings and records: the key's id, `loopback` or `anonymous`. */
  readonly callerId: string;
  /** Null for callers without one. */
  readonly key: ClientKey | null;
}

/** The door of /v1: with any client key registered it wants one, with none it is open to this machine only. */
@Injectable()
export class ProxyDoor {
  #keyring = new ClientKeyring([]);
  readonly #limiter = new BadTokenLimiter();
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly store: RegistryStore,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    store.subscribe(({ clientKeys }) => {
      this.#keyring = new ClientKeyring(clientKeys);
      for (const listener of this.#listeners) listener();
    });
  }

  /**
   * Throws what the caller is to be told: `unauthorized`, `misdirected_host`, `forbidden`, `database_unavailable`. A key
   * that is not known here may have been made elsewhere a moment ago: then SQL is asked first.
   */
  enter(req: CallerRequest): ProxyCaller | Promise<ProxyCaller> {
    const token = this.#tokenOf(req);
    if (token === null) return this.#withoutKeys(req);
    const found = this.#keyring.find(token, this.clock.now());
    return found.refusal === 'unknown' || this.#isStale
      ? this.#lookAgain(token, req)
      : this.#settled(found, req);
  }

  /** The same for who cannot wait, by what is known here. */
  admit(req: CallerRequest): ProxyCaller {
    const token = this.#tokenOf(req);
    if (token === null) return this.#withoutKeys(req);
    return this.#settled(this.#keyring.find(token, this.clock.now()), req);
  }

  /** Null = none is wanted. */
  #tokenOf(req: CallerRequest): string | null {
    const { used } = this.#keyring;
    checkHost(req.headers.host, this.config, !used && this.config.anonymousAccess.has('proxy'));
    if (!used) return null;
    const token = bearerToken(req);
    if (token !== null) return token;
    throw new ProxyError(
      'unauthorized',
      'This proxy wants a client key: send "Authorization: Bearer rpx_…" (the API key of your client). ' +
        'Its operator makes one with POST /admin/keys.',
    );
  }

  async #lookAgain(token: string, req: CallerRequest): Promise<ProxyCaller> {
    const asked = await this.store.refreshed();
    const found = this.#keyring.find(token, this.clock.now());
    if (found.refusal !== 'unknown' || asked) return this.#settled(found, req);
    throw new ProxyError(
      'database_unavailable',
      'This client key is not known here, and whether it was made elsewhere cannot be looked up: the database does not answer.',
      { retryAfterSeconds: 5 },
    );
  }

  #settled({ key, refusal }: KeyFound, req: CallerRequest): ProxyCaller {
    if (refusal !== null) throw this.#refused(refusal, req);
    const caller = { callerId: key.id, key };
    this.checkKnown(caller);
    return caller;
  }

  /** Throws as `enter` does where a caller who was let in before asks for more by then. */
  checkKnown({ key }: ProxyCaller): void {
    if (key !== null && this.#isStale) throw stale(this.config.clientKeyStaleMs);
  }

  /** Nobody knows any more whether a key has been revoked. */
  get #isStale(): boolean {
    return this.store.ageMs > this.config.clientKeyStaleMs;
  }

  /** A client key is wanted; null = nobody knows yet. */
  get wantsKeys(): boolean | null {
    return this.store.loaded ? this.#keyring.used : null;
  }

  /** The key of a caller admitted earlier as it is now. */
  termsOf(id: string): ClientKey | null {
    return this.#keyring.get(id);
  }

  /**
   * Why a caller who was let in may not go on; null = it may. Who came in while no key was wanted stays: the first key
   * must not cut the streams of everybody else.
   */
  objection({ key }: ProxyCaller): ProxyError | null {
    const refusal = key === null ? null : this.#keyring.refusal(key.id, this.clock.now());
    return refusal === null ? null : keyRefused(refusal);
  }

  /** Called when keys have changed. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #withoutKeys(req: CallerRequest): ProxyCaller {
    const caller = checkProxyAccess(req, this.config);
    // Nobody knows yet whether keys were given out. This machine's own programs may go on; others have to wait.
    if (!this.store.loaded && caller.callerId !== 'loopback') {
      throw new ProxyError(
        'database_unavailable',
        'The client keys cannot be read yet: the database has not been reached since this process started.',
        { retryAfterSeconds: 5 },
      );
    }
    return { ...caller, key: null };
  }

  /** A right key always passes, also from an address that is over its limit: its neighbours must not lock it out. */
  #refused(refusal: KeyRefusal, req: CallerRequest): ProxyError {
    const wait = this.#limiter.count(req.socket.remoteAddress ?? '', this.clock.monotonic());
    if (wait === null) return keyRefused(refusal);
    return new ProxyError(
      'too_many_attempts',
      'Too many wrong client keys from this address; wait a minute.',
      {
        retryAfterSeconds: wait,
      },
    );
  }
}

function stale(afterMs: number): ProxyError {
  return new ProxyError(
    'database_unavailable',
    `The database has not answered for more than ${Math.round(afterMs / 1_000)} s, and nobody knows whether this client key has been revoked ` +
      `since (PROXY_CLIENT_KEY_STALE_SECONDS). Its operator brings the database back, or raises that limit.`,
    { retryAfterSeconds: 5 },
  );
}
