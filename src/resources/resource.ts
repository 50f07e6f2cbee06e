import type { Secret } from '../common/secret.js';

/** One upstream key: where it points, what it may carry and how much. Immutable; a change makes a new snapshot. */
export interface Resource {
  /** `openai-1`, `openai-2`, …; stays with its key across restarts and across removals of other keys. */
  readonly id: string;
  /** Names the key in bindings and records without telling it: 16 hex digits. */
  readonly fingerprint: string;
  readonly source: 'env' | 'registry';
  /** Variable or provider the key came from, for messages: `OPENAI_API_KEYS[2]`. Never the key. */
  readonly origin: string;
  readonly poolId: string | null;
  /** > 0. */
  readonly weight: number;
  /** Configured label of the organisation the key belongs to; `null` = learn it from `openai-organization`. */
  readonly organization: string | null;
  /** `https://api.openai.com/v1`: origin and base path, no trailing slash, no query. */
  readonly baseUrl: string;
  readonly apiKey: Secret;
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
