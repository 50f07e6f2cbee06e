import { Provider } from './provider.entity.js';
import { secretPlace } from './provider-directory.service.js';
import type { Author, RegistryRepository } from './registry.repository.js';
import type { SecretCipher } from './secret-cipher.js';
import { UnreadableSecret } from './unreadable-secret.js';

const BY: Author = { actor: 'command', address: null };

export interface RewrapReport {
  /** False when it was stopped on its way. */
  readonly finished: boolean;
  /** Now under the current key, and were not before. */
  readonly rewrapped: number;
  /** Were under the current key already. */
  readonly current: number;
  /** Providers whose secret no configured key opens, with the reason. */
  readonly unreadable: readonly string[];
}

/**
 * Moves every stored secret to the current encryption key, one row at a time, each in a transaction of its own: it may
 * be killed anywhere and run again, and readers with both keys never see anything but a secret they can open.
 */
export class SecretRewrap {
  #stopped = false;

  constructor(
    private readonly repository: RegistryRepository,
    private readonly cipher: SecretCipher,
  ) {}

  /** Ends the work between two rows. */
  stop(): void {
    this.#stopped = true;
  }

  async run(onProgress: (done: number, total: number) => void): Promise<RewrapReport> {
    const { providers } = await this.repository.load();
    const sealed = providers.filter((provider) => provider.secret !== null);
    const stale = sealed.filter(({ secret }) => secret !== null && this.cipher.isStale(secret));
    const unreadable: string[] = [];
    let rewrapped = 0;
    for (const [i, { id }] of stale.entries()) {
      if (this.#stopped) break;
      try {
        if (await this.#move(id)) rewrapped += 1;
      } catch (e: unknown) {
        if (!(e instanceof UnreadableSecret)) throw e;
        unreadable.push(e.message);
      }
      onProgress(i + 1, stale.length);
    }
    return { finished: !this.#stopped, rewrapped, current: sealed.length - stale.length, unreadable };
  }

  /** False when somebody was faster: another run, or a new key, or the provider is gone. */
  async #move(id: string): Promise<boolean> {
    let moved = false;
    const rewrap = ({ secret }: Provider): Partial<Provider> => {
      moved = secret !== null && this.cipher.isStale(secret);
      return moved && secret !== null ? { secret: this.#reseal(id, secret) } : {};
    };
    await this.repository.update<Provider>(Provider, id, rewrap, 'provider.rewrapped', BY);
    return moved;
  }

  #reseal(id: string, secret: string): string {
    const place = secretPlace(id);
    try {
      return this.cipher.seal(this.cipher.open(secret, place), place);
    } catch (e: unknown) {
      throw new UnreadableSecret((e as Error).message, { cause: e });
    }
  }
}
