import { Inject, Injectable } from '@nestjs/common';
import { AddressRules } from '../common/address-rules.js';
import { Secret } from '../common/secret.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { processEnvironment } from '../config/process-environment.js';
import { checkBaseUrl } from './base-url.js';
import { variableOf, variableProblem } from './credential-variable.js';
import { Provider } from './provider.entity.js';
import { RegistryStore } from './registry-store.service.js';
import { SecretCipher, type SecretPlace } from './secret-cipher.js';

/** A registered provider with its key in the clear, or why it cannot be used. */
export type ResolvedProvider =
  | { readonly provider: Provider; readonly apiKey: Secret; readonly problem: null }
  | { readonly provider: Provider; readonly apiKey: null; readonly problem: string };

const NO_KEY = new Secret('');

/** The providers in the registry, as far as they can be used by this process. */
@Injectable()
export class ProviderDirectory {
  readonly #rules: AddressRules;
  readonly #cipher: SecretCipher | null;

  constructor(
    private readonly store: RegistryStore,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {
    this.#rules = new AddressRules(config.upstream.allowCidrs);
    this.#cipher =
      config.secretEncryptionKey === null
        ? null
        : new SecretCipher(config.secretEncryptionKey, config.previousSecretEncryptionKey);
  }

  get cipher(): SecretCipher | null {
    return this.#cipher;
  }

  get rules(): AddressRules {
    return this.#rules;
  }

  get variablePrefixes(): readonly string[] {
    return this.config.credentialEnvPrefixes;
  }

  all(): ResolvedProvider[] {
    return this.store.rows.providers.map((provider) => this.resolve(provider));
  }

  /** Called after each change of the registry. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void {
    return this.store.subscribe(() => listener());
  }

  resolve(provider: Provider): ResolvedProvider {
    const problem = this.#problemOf(provider);
    if (problem !== null) return { provider, apiKey: null, problem };
    try {
      const apiKey = this.keyOf(provider);
      return typeof apiKey === 'string'
        ? { provider, apiKey: null, problem: apiKey }
        : { provider, apiKey, problem: null };
    } catch (e: unknown) {
      return { provider, apiKey: null, problem: e instanceof Error ? e.message : String(e) };
    }
  }

  #problemOf(provider: Provider): string | null {
    if (!this.config.registryRouting)
      return 'Registered providers are stored only: PROXY_REGISTRY_ROUTING is off.';
    if (!provider.enabled) return 'It is disabled.';
    const checked = checkBaseUrl(provider.baseUrl, this.#rules);
    return checked.ok ? null : checked.problem;
  }

  /** The key, or why there is none. Throws when it cannot be decrypted. */
  keyOf(provider: Provider): Secret | string {
    if (provider.authType === 'none') return NO_KEY;
    if (provider.credentialRef !== null) {
      const name = variableOf(provider.credentialRef) ?? '';
      const problem = variableProblem(name, this.variablePrefixes);
      if (problem !== null) return problem;
      const value = processEnvironment()[name]?.trim();
      return value === undefined || value === ''
        ? `The environment variable ${name}, which its credential_ref names, is not set in this process.`
        : new Secret(value);
    }
    if (provider.secret === null) return 'It has no credential: set api_key or credential_ref.';
    if (this.#cipher === null)
      return 'Its key is stored encrypted and PROXY_SECRET_ENCRYPTION_KEY is not set.';
    return this.#cipher.open(provider.secret, secretPlace(provider.id));
  }
}

/** Where a provider's key is stored. */
export function secretPlace(id: string): SecretPlace {
  return { table: 'providers', id, column: 'secret' };
}
