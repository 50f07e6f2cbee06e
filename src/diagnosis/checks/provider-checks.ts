import { BY_THE_PROXY, check, type Given } from '../check.js';
import type { Facts, KeyFacts, ProviderFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { adminCall, askAgain } from '../fix-commands.js';

const DOCS = section('registered-provider-gets-no-traffic');

export const PROVIDER_CHECKS = [
  check(
    'providers',
    'registered providers get requests',
    ['providers', 'keys', 'traffic'],
    BY_THE_PROXY,
    (facts) => facts.providers.flatMap((provider) => without(provider, facts)),
  ),
];

function without(provider: ProviderFacts, facts: Given<'providers' | 'keys' | 'traffic'>): Finding[] {
  if (provider.problem !== null) return [unusable(provider, provider.problem, facts)];
  const key = facts.keys.find(({ id }) => id === provider.id);
  if (key === undefined || key.status === 'unhealthy') return [failing(provider, key, facts)];
  if (provider.poolId === null || provider.recentRequests > 0) return [];
  // Requests without a pool reach all of them; only where every request names another one is it left out.
  const { askedPools } = facts.traffic;
  if (askedPools.length === 0 || askedPools.includes(provider.poolId)) return [];
  return [notAskedFor(provider, provider.poolId, facts)];
}

function unusable(provider: ProviderFacts, problem: string, facts: Facts): Finding {
  const change = (body: object): string => adminCall(facts, 'PATCH', placeOf(provider), body);
  return {
    id: provider.enabled ? 'provider_unusable' : 'provider_disabled',
    severity: provider.enabled ? 'error' : 'note',
    symptom: `The registered provider ${provider.name} gets no traffic.`,
    evidence: [`${provider.id}: ${problem}`],
    cause: provider.enabled ? 'It cannot be used as it is registered.' : 'It is disabled.',
    fix: provider.enabled
      ? `${change({ credential_ref: 'env:TEAM_KEY' })}   # a variable of the proxy, or api_key; what is missing stands in the evidence`
      : change({ enabled: true }),
    docs: DOCS,
  };
}

function failing(provider: ProviderFacts, key: KeyFacts | undefined, facts: Facts): Finding {
  const seen =
    key === undefined
      ? 'it is in no pool yet'
      : `${key.reason}${key.detail === null ? '' : `: ${key.detail}`}`;
  return {
    id: 'provider_failing',
    severity: 'warning',
    symptom: `The registered provider ${provider.name} gets no traffic.`,
    evidence: [`${provider.id}: ${seen}`],
    cause: 'Its probe or its last requests failed, so it is passed over.',
    fix: `${key === undefined ? adminCall(facts, 'GET', placeOf(provider)) : askAgain(facts, key.id)}   # the answer says what is wrong with base_url or credential; health_path sets what a probe asks for`,
    docs: DOCS,
  };
}

function notAskedFor(provider: ProviderFacts, pool: string, facts: Given<'traffic'>): Finding {
  const { askedPools: asked } = facts.traffic;
  return {
    id: 'provider_pool_not_asked_for',
    severity: 'note',
    symptom: `The registered provider ${provider.name} gets no traffic.`,
    evidence: [`it is in the pool ${pool}; the last requests all asked for ${asked.join(', ')}`],
    cause: 'Requests that name a pool go to that pool only.',
    fix: `${adminCall(facts, 'PATCH', placeOf(provider), { pool_id: asked[0] })}   # into the pool that is asked for; or clients send X-Proxy-Pool-ID: ${pool} (or metadata.pool_id), or none`,
    docs: DOCS,
  };
}

function placeOf({ id }: ProviderFacts): string {
  return `providers/${encodeURIComponent(id)}`;
}
