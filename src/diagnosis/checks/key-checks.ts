import { BY_THE_PROXY, check, type Given } from '../check.js';
import type { KeyFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { askAgain, quoted } from '../fix-commands.js';
import { refusedKey } from './refused-key.js';

const MOST_NAMED = 8;

/** The upstream keys, whatever they came from. */
export const KEY_CHECKS = [
  check('resources', 'an upstream key is configured', ['keys', 'settings'], BY_THE_PROXY, noResources),
  check('keys', 'each key is accepted by its upstream', ['keys'], BY_THE_PROXY, (facts) => [
    ...noneLeft(facts),
    ...facts.keys.flatMap((key) => refusedKey(key, servesBeside(key, facts.keys), facts)),
    ...mayNotList(facts.keys),
  ]),
  check('models', 'each key may use each model', ['keys'], BY_THE_PROXY, ({ keys }) => [
    ...deniedModels(keys),
    ...differingModels(keys),
  ]),
  check('organizations', 'organisations of the keys', ['keys'], BY_THE_PROXY, ({ keys }) => [
    ...unknownOrganizations(keys),
    ...mixedOrganizations(keys),
  ]),
];

function noResources({ keys, settings, providers }: Given<'keys' | 'settings'>): Finding[] {
  if (keys.length > 0) return [];
  const unused = providers ?? [];
  const looked = 'OPENAI_API_KEY, OPENAI_API_KEYS and OPENAI_API_KEY_1…N are unset or empty';
  return [
    {
      id: 'no_resources',
      severity: 'error',
      symptom: 'Every request is answered with 503 no_available_resources, and /readyz with 503.',
      evidence: [
        looked,
        ...settings.warnings.filter((warning) => warning.includes('OPENAI')),
        ...unused.map(({ name, problem }) => `registered provider ${name}: ${problem ?? 'usable'}`),
      ],
      cause: 'No provider resources are configured: there is no key to send anything with.',
      fix: 'export OPENAI_API_KEY=sk-…   # or OPENAI_API_KEYS=sk-a,sk-b; then start again. Or register a provider: POST /admin/providers',
      docs: section('no-provider-resources-configured'),
    },
  ];
}

function noneLeft(facts: Given<'keys'>): Finding[] {
  const { keys, now } = facts;
  const pools = [...new Set(keys.map(({ poolId }) => poolId))];
  const dead = pools.filter((pool) =>
    keys.filter((key) => key.poolId === pool).every((key) => isOut(key, now)),
  );
  if (dead.length === 0) return [];
  const all = dead.length === pools.length;
  const out = keys.filter((key) => dead.includes(key.poolId));
  const named = dead.map((pool) => (pool === null ? 'the keys without a pool' : `pool ${pool}`));
  return [
    {
      id: all ? 'no_available_resources' : 'pool_without_resources',
      severity: 'error',
      symptom: all
        ? 'Every request is answered with 503 no_available_resources, 502 upstream_auth_failed or 429.'
        : `Requests that ask for ${named.join(', ')} are refused.`,
      evidence: few(
        out.map((key) => `${key.id}: ${key.reason}${key.detail === null ? '' : `, ${key.detail}`}`),
      ),
      cause: `${all ? 'No key' : `No key of ${named.join(', ')}`} may be used now.`,
      fix: `${askAgain(facts, null)}   # asks each key at once, when those in the evidence are mended or one that works was added`,
      docs: section('no-available-resources'),
    },
  ];
}

/** Keys with narrowed rights: worth a word because a 403 shows beside requests that succeed. */
function mayNotList(keys: readonly KeyFacts[]): Finding[] {
  const narrow = keys.filter(
    ({ status, probeStatus, reason }) =>
      status !== 'unhealthy' && reason !== 'invalid_key' && (probeStatus === 403 || probeStatus === 401),
  );
  return narrow.map((key) => ({
    id: 'key_may_not_list_models',
    severity: 'note' as const,
    symptom: `Requests succeed, but a ${key.probeStatus} shows at ${key.id}.`,
    evidence: [
      `${key.id} (${key.origin}): the probe was answered ${key.probeStatus}: ${key.probeError ?? ''}`,
    ],
    cause:
      'The key may not list models, which is what a probe asks for. It may serve all the same, and is used.',
    fix: 'Nothing has to be done. To see it healthy before its first request, give the key the right to list models, or set PROXY_HEALTH_CHECK_PATH to something it may read.',
    docs: section('requests-succeed-but-a-403-appears'),
  }));
}

function deniedModels(keys: readonly KeyFacts[]): Finding[] {
  return keys
    .filter(({ deniedModels: denied }) => denied.length > 0)
    .map((key) => ({
      id: 'key_without_model',
      severity: 'warning' as const,
      symptom: `Requests for ${key.deniedModels.join(', ')} show a 403 or 404 at ${key.id} and are served by other keys, or fail where there are none.`,
      evidence: [
        `${key.id} (${key.origin}) was refused for ${key.deniedModels.join(', ')} within the last hour`,
      ],
      cause: 'The project or organisation of this key has no access to that model.',
      fix: 'Give the project of the key access to the model, or put the key into a pool of its own (OPENAI_RESOURCE_POOL_IDS) that requests for this model do not ask for.',
      docs: section('requests-succeed-but-a-403-appears'),
    }));
}

/** Of keys that share a pool, what one lists and another does not. */
function differingModels(keys: readonly KeyFacts[]): Finding[] {
  const telling = keys.filter((key) => key.models !== null && key.models.length > 0);
  const pools = [...new Set(telling.map(({ poolId }) => poolId))];
  const lines = pools.flatMap((pool) => {
    const together = telling.filter((key) => key.poolId === pool);
    const union = new Set(together.flatMap(({ models }) => models ?? []));
    return together
      .map((key) => ({ key, lacks: [...union].filter((model) => key.models?.includes(model) !== true) }))
      .filter(({ lacks }) => lacks.length > 0)
      .map(({ key, lacks }) => `${key.id} does not list ${few(lacks).join(', ')}`);
  });
  if (lines.length === 0) return [];
  return [
    {
      id: 'models_differ',
      severity: 'note',
      symptom: 'Some models are served by some keys only.',
      evidence: few(lines),
      cause: 'The keys of one pool belong to projects with different models.',
      fix: 'Nothing has to be done: a key that is refused for a model is passed over for it. Pools (OPENAI_RESOURCE_POOL_IDS) save the refused attempts.',
      docs: section('requests-succeed-but-a-403-appears'),
    },
  ];
}

function unknownOrganizations(keys: readonly KeyFacts[]): Finding[] {
  const unknown = keys.filter(({ organization, status }) => organization === null && status !== 'unhealthy');
  if (keys.length < 2 || unknown.length === 0) return [];
  return [
    {
      id: 'organization_unknown',
      severity: 'note',
      symptom: 'A conversation with encrypted reasoning cannot move to another key when its own fails.',
      evidence: [`no organisation is known of ${few(unknown.map(({ id }) => id)).join(', ')}`],
      cause:
        'Nothing labels the organisation of these keys, and their upstream has not told it in an answer yet; until then each key is its own.',
      fix: labels(keys),
      docs: section('keys-of-several-organisations'),
    },
  ];
}

/** Of keys of the environment there must be as many labels as keys; a registered one has its own. */
function labels(keys: readonly KeyFacts[]): string {
  const ofEnvironment = keys.filter(({ source }) => source === 'env');
  if (ofEnvironment.every(({ organization }) => organization !== null))
    return 'Nothing has to be done: the organisation is learned from the first answer. A registered provider takes it as "organization", too.';
  const all = ofEnvironment.map(({ id, organization }) => organization ?? `organisation-of-${id}`);
  return `export OPENAI_RESOURCE_ORGANIZATIONS=${quoted(all.join(','))}   # with the right names, the same for keys of one organisation; where the proxy is started`;
}

function mixedOrganizations(keys: readonly KeyFacts[]): Finding[] {
  const known = keys.filter(({ organization }) => organization !== null);
  const pools = [...new Set(known.map(({ poolId }) => poolId))];
  const mixed = pools.flatMap((pool) => {
    const together = known.filter((key) => key.poolId === pool);
    const names = new Set(together.map(({ organization }) => organization));
    if (names.size < 2) return [];
    const groups = [...names].map((name) => `${name}: ${few(idsIn(together, name)).join(', ')}`);
    return [`${pool === null ? 'without a pool' : `pool ${pool}`}: ${groups.join(' · ')}`];
  });
  if (mixed.length === 0) return [];
  return [
    {
      id: 'organizations_mixed',
      severity: 'note',
      symptom:
        'A conversation stays in the organisation that began it, and fails with affinity_unavailable or affinity_lost when all keys of that one are out.',
      evidence: mixed,
      cause:
        'Keys of several organisations share a pool. Encrypted reasoning and stored answers of one cannot be read by another.',
      fix: 'Nothing has to be done. Two keys of each organisation keep its conversations going when one of them fails.',
      docs: section('keys-of-several-organisations'),
    },
  ];
}

function idsIn(keys: readonly KeyFacts[], organization: string | null): string[] {
  return keys.filter((key) => key.organization === organization).map(({ id }) => id);
}

function servesBeside(key: KeyFacts, keys: readonly KeyFacts[]): boolean {
  return keys.some((other) => other !== key && other.poolId === key.poolId && other.status !== 'unhealthy');
}

function isOut({ status, until }: KeyFacts, now: number): boolean {
  return status === 'unhealthy' || (until !== null && until > now);
}

function few(lines: readonly string[]): string[] {
  if (lines.length <= MOST_NAMED) return [...lines];
  return [...lines.slice(0, MOST_NAMED), `and ${lines.length - MOST_NAMED} more`];
}
