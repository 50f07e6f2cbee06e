import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { ProviderDirectory } from '../registry/provider-directory.service.js';
import { assignIds } from './assign-ids.js';
import { buildSnapshot } from './build-snapshot.js';
import { IdentityFile } from './identity-file.js';
import type { KnownIdentity } from './known-identity.js';
import type { OrganizationView } from './organization-view.js';
import { providerResource } from './provider-resource.js';
import { ResourceIdentityRepository } from './resource-identity.repository.js';
import type { Resource, ResourceSnapshot } from './resource.js';

/** As the API writes them. A header is no place for anything longer. */
const ORGANIZATION = /^[\x21-\x7e]{1,128}$/;
const RELEARN_MS = 60_000;

/**
 * The resources there are, as one immutable snapshot that is swapped whole. Ids stay with their keys: SQL remembers
 * them, a file in the data directory keeps a copy for a start while SQL is away, and without both they go by position.
 */
@Injectable()
export class ResourceRegistry implements OrganizationView {
  #snapshot: ResourceSnapshot;
  #ids: ReadonlyMap<string, string>;
  /** By fingerprint; holds keys that are gone, too. */
  readonly #identities = new Map<string, KnownIdentity>();
  /** By fingerprint. Registered providers keep their ids without help, so this is all there is to remember. */
  readonly #providerOrganizations = new Map<string, string>();
  readonly #groups = new Map<string, string>();
  readonly #listeners = new Set<(snapshot: ResourceSnapshot) => void>();
  /** Monotonic ms by fingerprint. */
  readonly #learnedAt = new Map<string, number>();
  readonly #file: IdentityFile;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly repository: ResourceIdentityRepository,
    private readonly providers: ProviderDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    providers.onChange(() => this.#rebuild());
    this.#file = new IdentityFile(join(config.dataDir, 'resource-ids.json'));
    this.#ids = assignIds(new Map(), this.#fingerprints());
    this.#snapshot = buildSnapshot(config, this.#ids, 0);
  }

  get snapshot(): ResourceSnapshot {
    return this.#snapshot;
  }

  /**
   * Settles the ids and swaps the snapshot in. Never throws: without SQL it works from the copy. May be called again,
   * for one when SQL has come back.
   */
  async load(): Promise<void> {
    const keys = this.#fingerprints();
    for (const identity of await this.#readFile())
      if (!this.#identities.has(identity.fingerprint)) this.#identities.set(identity.fingerprint, identity);
    const stored = await this.#claim([...this.#identities.values()], keys);
    if (stored !== null) this.#adopt(stored);
    const known = new Map([...this.#identities.values()].map((one) => [one.fingerprint, one.resourceId]));
    const ids = assignIds(known, keys);
    for (const [fingerprint, resourceId] of ids) {
      const organization = this.#identities.get(fingerprint)?.organization ?? null;
      this.#identities.set(fingerprint, { fingerprint, resourceId, organization });
    }
    this.#ids = ids;
    this.#rebuild();
    await this.#persistFile();
  }

  organizationOf(resource: Resource): string | null {
    const { fingerprint } = resource;
    return (
      resource.organization ??
      this.#identities.get(fingerprint)?.organization ??
      this.#providerOrganizations.get(fingerprint) ??
      null
    );
  }

  groupOf(resource: Resource): string {
    const cached = this.#groups.get(resource.fingerprint);
    if (cached !== undefined) return cached;
    const group = this.organizationOf(resource) ?? `key:${resource.fingerprint}`;
    this.#groups.set(resource.fingerprint, group);
    return group;
  }

  /** From an answer's `openai-organization`. Takes effect at once; remembered as soon as disk and SQL allow. */
  learnOrganization(resourceId: string, organization: string): void {
    const resource = this.#snapshot.byId.get(resourceId);
    if (resource === undefined || !ORGANIZATION.test(organization)) return;
    const { fingerprint } = resource;
    const learned =
      this.#identities.get(fingerprint)?.organization ?? this.#providerOrganizations.get(fingerprint);
    if (learned === organization || this.#justLearned(fingerprint)) return;
    if (resource.source === 'registry') this.#providerOrganizations.set(fingerprint, organization);
    else this.#identities.set(fingerprint, { fingerprint, resourceId, organization });
    this.#groups.clear();
    this.logger.info(
      { event: 'resource.organization', resource_id: resourceId, organization },
      'organisation learned',
    );
    this.#tell();
    if (resource.source === 'env') void this.#persistOrganization(fingerprint, organization);
  }

  /** An upstream that names another organisation with every answer must not cost a write each time. */
  #justLearned(fingerprint: string): boolean {
    const now = this.clock.monotonic();
    const last = this.#learnedAt.get(fingerprint);
    if (last !== undefined && now - last < RELEARN_MS) return true;
    this.#learnedAt.set(fingerprint, now);
    return false;
  }

  /** Called after each swap and when an organisation is learned. Returns the unsubscribe function. */
  subscribe(listener: (snapshot: ResourceSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when nothing learned is still on its way to disk or SQL. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #fingerprints(): string[] {
    return this.config.keys.map((key) => key.apiKey.fingerprint());
  }

  /** SQL is right about ids. An organisation learned while SQL was away is news to it. */
  #adopt(stored: readonly KnownIdentity[]): void {
    const before = new Map(this.#identities);
    this.#identities.clear();
    for (const { fingerprint, resourceId, organization } of stored) {
      const learned = before.get(fingerprint)?.organization ?? null;
      this.#identities.set(fingerprint, { fingerprint, resourceId, organization: organization ?? learned });
      if (organization === null && learned !== null) void this.#persistOrganization(fingerprint, learned);
    }
  }

  /** Environment and registry, put together anew. */
  #rebuild(): void {
    const { health } = this.config;
    const registered = this.providers
      .all()
      .flatMap(({ provider, apiKey }) =>
        apiKey === null ? [] : [providerResource(provider, apiKey, health.path)],
      );
    this.#snapshot = buildSnapshot(this.config, this.#ids, this.#snapshot.version + 1, registered);
    this.#groups.clear();
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#snapshot);
  }

  async #readFile(): Promise<KnownIdentity[]> {
    try {
      return await this.#file.read();
    } catch (error: unknown) {
      this.logger.warn(
        { event: 'resource.ids_unreadable', error: messageOf(error) },
        'copy of resource ids unreadable',
      );
      return [];
    }
  }

  async #claim(cached: readonly KnownIdentity[], keys: readonly string[]): Promise<KnownIdentity[] | null> {
    if (!this.repository.ready) return null;
    try {
      return await this.repository.claim(cached, keys, this.clock.now());
    } catch (error: unknown) {
      this.logger.warn(
        { event: 'resource.ids_from_copy', error: messageOf(error) },
        'resource ids come from the local copy: SQL did not answer',
      );
      return null;
    }
  }

  async #persistOrganization(fingerprint: string, organization: string): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        if (this.repository.ready) await this.repository.setOrganization(fingerprint, organization);
      } catch (error: unknown) {
        this.logger.warn(
          { event: 'resource.organization_unsaved', error: messageOf(error) },
          'learned organisation not saved in SQL; the local copy has it',
        );
      }
    });
    await this.#persistFile();
  }

  async #persistFile(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#file.write([...this.#identities.values()]);
      } catch (error: unknown) {
        this.logger.warn(
          { event: 'resource.ids_unsaved', error: messageOf(error) },
          'local copy of resource ids not written',
        );
      }
    });
    await this.#writing;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
