import { Secret } from '../common/secret.js';
import type { EnvKey } from './app-config.js';
import { splitList } from './env-variable.js';
import { isWellFormedKey, NUMBERED_KEY, NUMBERED_KEY_VARIABLE, type ResourceEnv } from './resource-env.js';

interface FoundKey {
  readonly value: string;
  readonly origin: string;
}

type PositionalName =
  | 'OPENAI_RESOURCE_WEIGHTS'
  | 'OPENAI_RESOURCE_MAX_CONCURRENCY'
  | 'OPENAI_RESOURCE_POOL_IDS'
  | 'OPENAI_RESOURCE_ORGANIZATIONS';

interface KeyCount {
  readonly used: number;
  /** With duplicates. */
  readonly found: number;
  /** Some key could not be read: counting would only add a second, misleading problem. */
  readonly unreadable: boolean;
}

/**
 * Keys in the order the documentation promises: the single one, the list, the numbered ones. A key that appears twice
 * counts once, where it appears first. Lists that go with the keys match what is left, position by position.
 */
export function readKeys(env: ResourceEnv, raw: ReadonlyMap<string, string>, problems: string[]): EnvKey[] {
  const found = [...singleKey(env), ...listedKeys(env), ...numberedKeys(raw, problems)];
  const keys = [...new Map(found.toReversed().map((key) => [key.value, key])).values()].toReversed();
  const counts = {
    used: keys.length,
    found: found.length,
    unreadable: problems.some((p) => p.startsWith('OPENAI_API_KEY')),
  };
  if (env.OPENAI_RESOURCE_POOL_ID !== null && env.OPENAI_RESOURCE_POOL_IDS !== null)
    problems.push('OPENAI_RESOURCE_POOL_ID and OPENAI_RESOURCE_POOL_IDS are both set; keep one of them');
  const weights = positionalList('OPENAI_RESOURCE_WEIGHTS', env, counts, problems);
  const caps = capsOf(env, counts, problems);
  const pools = positionalList('OPENAI_RESOURCE_POOL_IDS', env, counts, problems);
  const organizations = positionalList('OPENAI_RESOURCE_ORGANIZATIONS', env, counts, problems);
  return keys.map((key, i) => ({
    apiKey: new Secret(key.value),
    origin: key.origin,
    weight: Number(weights?.[i] ?? 1),
    maxConcurrency: caps(i),
    poolId: (pools?.[i] ?? env.OPENAI_RESOURCE_POOL_ID) || null,
    organization: organizations?.[i] || null,
  }));
}

function singleKey(env: ResourceEnv): FoundKey[] {
  return typeof env.OPENAI_API_KEY === 'string'
    ? [{ value: env.OPENAI_API_KEY, origin: 'OPENAI_API_KEY' }]
    : [];
}

function listedKeys(env: ResourceEnv): FoundKey[] {
  if (typeof env.OPENAI_API_KEYS !== 'string') return [];
  return splitList(env.OPENAI_API_KEYS)
    .map((value, i) => ({ value, origin: `OPENAI_API_KEYS[${i + 1}]` }))
    .filter((key) => key.value !== '');
}

function numberedKeys(raw: ReadonlyMap<string, string>, problems: string[]): FoundKey[] {
  const numbered = [...raw.keys()]
    .map((name) => ({ name, number: Number(NUMBERED_KEY.exec(name)?.[1] ?? NaN) }))
    .filter(({ number }) => !Number.isNaN(number))
    .sort((a, b) => a.number - b.number);
  return numbered.flatMap(({ name }) => {
    const value = raw.get(name) ?? '';
    if (isWellFormedKey(value)) return [{ value, origin: name }];
    problems.push(`${name} must be ${NUMBERED_KEY_VARIABLE.accepted} (the value is a secret and not shown)`);
    return [];
  });
}

/** One number is every key's; more are one each. */
function capsOf(env: ResourceEnv, keys: KeyCount, problems: string[]): (i: number) => number | null {
  const text = env.OPENAI_RESOURCE_MAX_CONCURRENCY;
  const forAll = typeof text === 'string' && !text.includes(',') ? Number(text) : null;
  if (forAll !== null) return () => forAll;
  const caps = positionalList('OPENAI_RESOURCE_MAX_CONCURRENCY', env, keys, problems);
  return (i) => Number(caps?.[i] ?? 0) || null;
}

/** A list whose length is not the number of keys would give somebody another's pool: it is refused. */
function positionalList(
  name: PositionalName,
  env: ResourceEnv,
  keys: KeyCount,
  problems: string[],
): string[] | null {
  const text = env[name];
  if (typeof text !== 'string') return null;
  const entries = splitList(text);
  if (entries.length === keys.used || keys.unreadable) return entries;
  const duplicates = keys.found - keys.used;
  const note = duplicates === 0 ? '' : `, ${count(duplicates, 'duplicate', 'duplicates')} left out`;
  problems.push(
    `${name} has ${count(entries.length, 'entry', 'entries')} but ${count(keys.used, 'key is', 'keys are')} configured` +
      ` (OPENAI_API_KEY, OPENAI_API_KEYS and OPENAI_API_KEY_1…N together${note}); give one entry for each key`,
  );
  return null;
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
