import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

type Environment = Record<string, string>;

const keysOf = (env: Environment): string[] => loadConfig(env, '0').keys.map((key) => key.apiKey.reveal());

function problemOf(env: Environment): string {
  try {
    loadConfig(env, '0');
  } catch (e: unknown) {
    if (e instanceof ConfigError) return e.problems.join('\n');
    throw e;
  }
  return '';
}

describe('keys from the environment', () => {
  it.each<[string, Environment, string[]]>([
    ['none', {}, []],
    ['one', { OPENAI_API_KEY: 'sk-a' }, ['sk-a']],
    ['a list', { OPENAI_API_KEYS: 'sk-a,sk-b' }, ['sk-a', 'sk-b']],
    ['a list with blanks and holes', { OPENAI_API_KEYS: ' sk-a , ,sk-b,' }, ['sk-a', 'sk-b']],
    ['numbered, by number', { OPENAI_API_KEY_10: 'sk-j', OPENAI_API_KEY_2: 'sk-b' }, ['sk-b', 'sk-j']],
    [
      'every form, in the documented order',
      { OPENAI_API_KEY_1: 'sk-d', OPENAI_API_KEYS: 'sk-b,sk-c', OPENAI_API_KEY: 'sk-a' },
      ['sk-a', 'sk-b', 'sk-c', 'sk-d'],
    ],
    [
      'duplicates once, where they appear first',
      { OPENAI_API_KEY: 'sk-a', OPENAI_API_KEYS: 'sk-b,sk-a,sk-b', OPENAI_API_KEY_1: 'sk-b' },
      ['sk-a', 'sk-b'],
    ],
    ['only whole numbers as suffix', { OPENAI_API_KEY_PROD: 'sk-a', OPENAI_API_KEY_0: 'sk-b' }, []],
    ['empty ones as unset', { OPENAI_API_KEY_1: '', OPENAI_API_KEY_2: 'sk-b' }, ['sk-b']],
  ])('reads %s', (_name, env, expected) => {
    expect(keysOf(env)).toEqual(expected);
  });

  it('says where each key came from', () => {
    const { keys } = loadConfig(
      { OPENAI_API_KEY: 'sk-a', OPENAI_API_KEYS: 'sk-a,sk-b', OPENAI_API_KEY_4: 'sk-c' },
      '0',
    );
    expect(keys.map((key) => key.origin)).toEqual([
      'OPENAI_API_KEY',
      'OPENAI_API_KEYS[2]',
      'OPENAI_API_KEY_4',
    ]);
  });

  it.each<[string, string | undefined, (number | null)[]]>([
    ['one for all', '8', [8, 8, 8]],
    ['one each', '8,,32', [8, null, 32]],
    ['none', undefined, [null, null, null]],
  ])('gives caps: %s', (_name, caps, expected) => {
    const env = { OPENAI_API_KEYS: 'sk-a,sk-b,sk-c', ...(caps && { OPENAI_RESOURCE_MAX_CONCURRENCY: caps }) };
    expect(loadConfig(env, '0').keys.map((key) => key.maxConcurrency)).toEqual(expected);
  });

  it('refuses caps for another number of keys, and a pool named twice', () => {
    expect(problemOf({ OPENAI_API_KEYS: 'sk-a', OPENAI_RESOURCE_MAX_CONCURRENCY: '8,8' })).toContain(
      'OPENAI_RESOURCE_MAX_CONCURRENCY has 2 entries but 1 key is configured',
    );
    const pool = { OPENAI_API_KEY: 'sk-a', OPENAI_RESOURCE_POOL_ID: 'p' };
    expect(problemOf({ ...pool, PROXY_ON_DISCONNECT_POOLS: 'p=drain,p=abort' })).toContain('twice');
    const { onDisconnect } = loadConfig({ ...pool, PROXY_ON_DISCONNECT_POOLS: 'p=drain' }, '0');
    expect([...onDisconnect.byPool, onDisconnect.otherwise]).toEqual([['p', 'drain'], 'abort']);
    expect(loadConfig({ PROXY_ON_DISCONNECT_POOLS: 'q=drain' }, '0').warnings.join()).toContain('pool "q"');
  });

  it('gives weights, pools and organisations by position', () => {
    const { keys } = loadConfig(
      {
        OPENAI_API_KEYS: 'sk-a,sk-b,sk-c',
        OPENAI_RESOURCE_WEIGHTS: '1, 2.5,3',
        OPENAI_RESOURCE_POOL_IDS: 'x,,y',
        OPENAI_RESOURCE_ORGANIZATIONS: 'org-1,org-1,',
      },
      '0',
    );
    expect(keys.map(({ weight, poolId, organization }) => [weight, poolId, organization])).toEqual([
      [1, 'x', 'org-1'],
      [2.5, null, 'org-1'],
      [3, 'y', null],
    ]);
  });

  it('has weight 1, no pool and no organisation unless told', () => {
    expect(loadConfig({ OPENAI_API_KEY: 'sk-a' }, '0').keys[0]).toMatchObject({
      weight: 1,
      poolId: null,
      organization: null,
    });
  });

  it('puts every key into one pool', () => {
    const { keys } = loadConfig({ OPENAI_API_KEYS: 'sk-a,sk-b', OPENAI_RESOURCE_POOL_ID: 'p' }, '0');
    expect(keys.map((key) => key.poolId)).toEqual(['p', 'p']);
  });

  it.each<[string, string, string]>([
    ['OPENAI_RESOURCE_WEIGHTS', '1,2,3', '3 entries but 2 keys are'],
    ['OPENAI_RESOURCE_WEIGHTS', '1', '1 entry but 2 keys are'],
    ['OPENAI_RESOURCE_POOL_IDS', 'a,b,c', '3 entries but 2 keys are'],
    ['OPENAI_RESOURCE_ORGANIZATIONS', 'a', '1 entry but 2 keys are'],
  ])('refuses %s=%s for two keys, naming both counts', (name, value, counts) => {
    const problem = problemOf({ OPENAI_API_KEY: 'sk-a', OPENAI_API_KEYS: 'sk-a,sk-b', [name]: value });
    expect(problem).toContain(`${name} has ${counts} configured`);
    expect(problem).toContain('1 duplicate left out');
  });

  it('counts keys that are not there too', () => {
    expect(problemOf({ OPENAI_RESOURCE_WEIGHTS: '1,2' })).toContain('2 entries but 0 keys are configured');
  });

  it('does not also complain about counts when a key cannot be read', () => {
    const problem = problemOf({ OPENAI_API_KEYS: 'sk-a,sk b', OPENAI_RESOURCE_WEIGHTS: '1,2' });
    expect(problem.split('\n')).toHaveLength(1);
  });

  it('refuses a pool for all keys together with pools for each', () => {
    expect(
      problemOf({ OPENAI_API_KEY: 'sk-a', OPENAI_RESOURCE_POOL_ID: 'p', OPENAI_RESOURCE_POOL_IDS: 'p' }),
    ).toContain('both set');
  });
});
