import type { KeyFacts } from './facts.js';

/** A key as programs are told of it, by the route and by the command alike. */
export interface ToldKey {
  readonly resource_id: string;
  readonly origin: string;
  readonly pool_id: string | null;
  readonly organization: string | null;
  readonly status: KeyFacts['status'];
  readonly reason: string;
  readonly models: readonly string[] | null;
  readonly denied_models: readonly string[];
}

export function toldKey(key: KeyFacts): ToldKey {
  return {
    resource_id: key.id,
    origin: key.origin,
    pool_id: key.poolId,
    organization: key.organization,
    status: key.status,
    reason: key.reason,
    models: key.models,
    denied_models: key.deniedModels,
  };
}

/** What an answer tells of its keys; whoever answers may be anybody, or of another version. Null = it does not. */
export function readToldKeys(value: unknown): ToldKey[] | null {
  if (!Array.isArray(value)) return null;
  return value.filter((one): one is Fields => typeof one === 'object' && one !== null).map(readOne);
}

type Fields = Readonly<Record<string, unknown>>;

const STATUSES: readonly KeyFacts['status'][] = ['healthy', 'degraded', 'unhealthy', 'unknown'];

function readOne(key: Fields): ToldKey {
  return {
    resource_id: textOf(key['resource_id']) ?? '',
    origin: textOf(key['origin']) ?? '',
    pool_id: textOf(key['pool_id']),
    organization: textOf(key['organization']),
    status: STATUSES.find((status) => status === key['status']) ?? 'unknown',
    reason: textOf(key['reason']) ?? '',
    models: textsOf(key['models']),
    denied_models: textsOf(key['denied_models']) ?? [],
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function textsOf(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null;
}
