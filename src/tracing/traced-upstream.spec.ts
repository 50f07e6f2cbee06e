import { expect, it } from 'vitest';
import { tracedUpstream } from './traced-upstream.js';

const nameOf = (providerType: string | null, baseUrl = 'https://api.example.com/v1'): string | undefined =>
  tracedUpstream({ baseUrl, providerType })?.providerName;

it.each([
  [null, 'openai'],
  ['openai', 'openai'],
  ['custom', 'openai'],
  ['azure-openai', 'azure.ai.openai'],
  ['xai', 'x_ai'],
  ['groq', 'groq'],
  ['openrouter', 'openrouter'],
  ['vllm', 'vllm'],
])('a provider of the type %s is called %s', (type, name) => {
  expect(nameOf(type)).toBe(name);
});

it('an address of Azure is one however it was registered, unless the type says something else', () => {
  const azure = 'https://team.openai.azure.com/openai/v1';
  expect([null, 'custom', 'openrouter'].map((type) => nameOf(type, azure))).toEqual([
    'azure.ai.openai',
    'azure.ai.openai',
    'openrouter',
  ]);
  expect(nameOf(null, 'https://openai.azure.com.example.com/v1')).toBe('openai');
});

it('tells no credentials and no query of an address', () => {
  const told = tracedUpstream({
    baseUrl: 'https://user:secret@api.example.com:8443/base/v1?key=secret#secret',
    providerType: null,
  });
  expect(told).toEqual({
    host: 'api.example.com',
    port: 8443,
    baseUrl: 'https://api.example.com:8443/base/v1',
    providerName: 'openai',
  });
  expect(tracedUpstream({ baseUrl: 'nowhere', providerType: null })).toBeNull();
});
