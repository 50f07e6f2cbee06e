import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.js';

const warningsOf = (...names: string[]): readonly string[] =>
  loadConfig(Object.fromEntries(names.map((name) => [name, 'sk-canary'])), '0.0.0').warnings;

describe('names that are nearly those of the keys', () => {
  it.each([
    ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
    ['OPENAI_KEY', 'OPENAI_API_KEY'],
    ['OPENAI_API_KEYS_1', 'OPENAI_API_KEY_1…N'],
    ['OPENAI_API_KEY1', 'OPENAI_API_KEY_1…N'],
    ['OPENAI_API_KEY_01', 'OPENAI_API_KEY_1…N'],
    ['OPENAI_RESOURCE_WEIGHT', 'OPENAI_RESOURCE_WEIGHTS'],
    ['OPENAI_RESOURCES_WEIGHTS', 'OPENAI_RESOURCE_WEIGHTS'],
  ])('warns of %s and means %s', (name, meant) => {
    const [warning, ...more] = warningsOf(name);
    expect(warning).toContain(`${name} is not a variable of this proxy and is ignored`);
    expect(warning).toContain(`did you mean ${meant}?`);
    expect(more).toEqual([]);
    expect(warning).not.toContain('canary');
  });

  it('says nothing of names that belong to the SDKs, nor of its own', () => {
    expect(
      warningsOf(
        'OPENAI_BASE_URL',
        'OPENAI_ORG_ID',
        'OPENAI_ORGANIZATION',
        'OPENAI_PROJECT',
        'OPENAI_LOG',
        'OPENAI_API_TYPE',
        'OPENAI_API_VERSION',
        'OPENAI_WEBHOOK_SECRET',
        'OPENAI_API_KEY',
        'OPENAI_API_KEY_7',
        'AZURE_OPENAI_API_KEY',
      ),
    ).toEqual([]);
  });
});
