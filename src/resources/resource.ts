import type { Secret } from '../common/secret.js';

/** The one header that carries the key. Name in lower case. */
export interface UpstreamAuth {
  readonly header: string;
  readonly prefix: 'Bearer ' | '';
}

export const BEARER: UpstreamAuth = { header: 'authorization', prefix: 'Bearer ' };

/** One upstream key: where it points, what it may carry and how much. Immutable; a change makes a new snapshot. */
export interface Resource {
  /** `openai-1`, `openai-2`, …, which stays with its key across restarts and removals of others; or a provider's id. */
  readonly id: string;
  /** Names the key in bindings and records without telling it: 16 hex digits. */
  readonly fingerprint: string;
  readonly source: 'env' | 'registry';
  /** Preset that a registered provider was made from, or `custom`; null for keys of the environment. */
  readonly providerType: string | null;
  /** Variable or provider the key came from, for messages: `OPENAI_API_KEYS[2]`. Never the key. */
  readonly origin: string;
  readonly poolId: string | null;
  /** > 0. */
  readonly weight: number;
  /** Configured label of the organisation the key belongs to; `null` = learn it from `openai-organization`. */
  readonly organization: string | null;
  /** `https://api.openai.com/v1`: origin and base path, no trailing slash, no query. */
  readonly baseUrl: string;
  /** Empty where the upstream wants none. */
  readonly apiKey: Secret;
  /** How the key travels; null = not at all. */
  readonly auth: UpstreamAuth | null;
  /** What somebody registered is held to the address rules with every connection; the environment is the operator's word. */
  readonly guarded: boolean;
  /** Below `baseUrl`, starts with `/`. */
  readonly healthPath: string;
  /** Most concurrent exchanges; `null` = no cap. */
  readonly maxConcurrency: number | null;
}

/** The whole set, swapped at once: a reader never sees half a change. */
export interface ResourceSnapshot {
  readonly resources: readonly Resource[];
  readonly byId: ReadonlyMap<string, Resource>;
  readonly byFingerprint: ReadonlyMap<string, Resource>;
  /** Pool ids in order of first appearance. */
  readonly poolIds: readonly string[];
  /** Rises with each swap. */
  readonly version: number;
}
