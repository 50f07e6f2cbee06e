import { describe, expect, it } from 'vitest';
import { aClientKey } from '../../test/support/registry-rows.js';
import { systemClock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import type { AppConfig } from '../config/app-config.js';
import { clientKeyDigest, newClientKey } from './client-key-token.js';
import type { ClientKey } from './client-key.entity.js';
import { ProxyDoor } from './proxy-door.service.js';
import type { RegistryRows } from './registry.repository.js';
import type { RegistryStore } from './registry-store.service.js';

const config = {
  server: { host: '127.0.0.1' },
  allowedHosts: [],
  anonymousAccess: new Set(),
  clientKeyStaleMs: 600_000,
} as unknown as AppConfig;
const keyOf = (token: string, id: string): ClientKey => aClientKey({ id, digest: clientKeyDigest(token) });

/** A door with one key, and what the next look into the database brings. */
function world(look: { readonly reached: boolean; readonly found?: ClientKey }) {
  const own = newClientKey();
  let tell: (rows: RegistryRows) => void = () => undefined;
  let looks = 0;
  const age = { ms: 0 };
  const rows = (...clientKeys: ClientKey[]) => ({ clientKeys }) as unknown as RegistryRows;
  const store = {
    loaded: true,
    get ageMs() {
      return age.ms;
    },
    subscribe: (listener: typeof tell) => (tell = listener),
    refreshed: async () => {
      looks += 1;
      if (look.reached) age.ms = 0;
      if (look.found !== undefined) tell(rows(keyOf(own, 'key_1'), look.found));
      return look.reached;
    },
  } as unknown as RegistryStore;
  const door = new ProxyDoor(store, config, systemClock);
  tell(rows(keyOf(own, 'key_1')));
  const enter = async (token: string): Promise<string> => {
    const headers = { host: '127.0.0.1', authorization: `Bearer ${token}` };
    const req = {
      socket: { remoteAddress: '127.0.0.1' },
      headers,
      rawHeaders: ['authorization', headers.authorization],
    };
    try {
      return (await door.enter(req)).callerId;
    } catch (error: unknown) {
      return error instanceof ProxyError ? error.code : String(error);
    }
  };
  /** What it says to a caller let in before. */
  const again = (key: ClientKey | null): string => {
    try {
      door.checkKnown({ callerId: 'somebody', key });
      return 'goes on';
    } catch (error: unknown) {
      return error instanceof ProxyError ? `${error.code}: ${error.message}` : String(error);
    }
  };
  return { own, enter, again, looks: () => looks, age };
}

describe('a client key that is not known here', () => {
  it('is let in when it was made elsewhere a moment ago', async () => {
    const token = newClientKey();
    const { enter } = world({ reached: true, found: keyOf(token, 'key_2') });
    expect(await enter(token)).toBe('key_2');
  });
  it('is refused when the database does not know it either, and for good after twenty', async () => {
    const { enter } = world({ reached: true });
    for (let i = 0; i < 20; i += 1) expect(await enter(newClientKey())).toBe('unauthorized');
    expect(await enter(newClientKey())).toBe('too_many_attempts');
  });
  it('has to come back while the database cannot be asked, and nobody counts that; known keys go on', async () => {
    const { own, enter } = world({ reached: false });
    for (let i = 0; i < 30; i += 1) expect(await enter(newClientKey())).toBe('database_unavailable');
    expect(await enter(own)).toBe('key_1');
    expect(await enter('rpx_mistyped')).toBe('unauthorized');
  });
  it('is let in for ten minutes without a look at the database, and after them when there is one', async () => {
    const away = world({ reached: false });
    away.age.ms = 600_000;
    expect(await away.enter(away.own)).toBe('key_1');
    away.age.ms += 1;
    expect(await away.enter(away.own)).toBe('database_unavailable');
    expect(await away.enter('rpx_mistyped')).toBe('unauthorized');
    // Nor is one that was let in before to begin anything; who needs no key is.
    expect(away.again(aClientKey({}))).toMatch(/^database_unavailable: .* for more than 600 s/);
    expect(away.again(null)).toBe('goes on');
    away.age.ms = 600_000;
    expect(away.again(aClientKey({}))).toBe('goes on');
    const back = world({ reached: true });
    back.age.ms = 600_001;
    expect(await back.enter(back.own)).toBe('key_1');
  });
  it('asks for no look when it cannot be one, or is known', async () => {
    const { own, enter, looks } = world({ reached: true });
    await enter('rpx_mistyped');
    await enter(own);
    expect(looks()).toBe(0);
  });
});
