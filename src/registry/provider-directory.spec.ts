import { describe, expect, it } from 'vitest';
import { aProvider } from '../../test/support/registry-rows.js';
import { loadConfig } from '../config/load-config.js';
import { ProviderDirectory } from './provider-directory.service.js';
import type { Provider } from './provider.entity.js';
import type { RegistryStore } from './registry-store.service.js';

/** Why each of the providers gets no traffic; null = it may. */
function problems(env: Record<string, string>, ...rows: Provider[]): (string | null)[] {
  const store = { rows: { providers: rows } } as unknown as RegistryStore;
  return new ProviderDirectory(store, loadConfig(env, '0')).all().map(({ problem }) => problem);
}

describe('a registered provider', () => {
  const open = aProvider({ authType: 'none', baseUrl: 'https://api.example.com/v1', enabled: true });

  it('is routed to unless the operator wants it stored only', () => {
    expect(problems({}, open)).toEqual([null]);
    for (const off of ['false', 'off', '0'])
      expect(problems({ PROXY_REGISTRY_ROUTING: off }, open)).toEqual([
        expect.stringContaining('PROXY_REGISTRY_ROUTING'),
      ]);
  });

  it('says why it gets no traffic', () => {
    const keyless = { ...open, authType: 'bearer' as const, secret: null, credentialRef: null };
    const told = problems(
      {},
      { ...open, enabled: false },
      keyless,
      { ...keyless, credentialRef: 'env:A_VARIABLE_NOBODY_SETS' },
      { ...keyless, credentialRef: 'env:AWS_SECRET_ACCESS_KEY' },
      { ...keyless, secret: 'v1.x.y' },
      { ...open, baseUrl: 'https://169.254.169.254/v1' },
    );
    const expected = [
      'disabled',
      'no credential',
      'is not set',
      'something else',
      'ENCRYPTION_KEY',
      'base_url',
    ];
    expect(told).toEqual(expected.map((text) => expect.stringContaining(text)));
  });
});
