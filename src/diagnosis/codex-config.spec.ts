import { describe, expect, it } from 'vitest';
import { readCodexConfig } from './codex-config.js';

const AROUND = {
  here: ['127.0.0.1:8000', 'proxy.example.com:443'],
  isSet: (name: string) => name === 'SET_KEY',
};
const read = (text: string) => readCodexConfig('config.toml', text, AROUND);
const kinds = (text: string) => read(text).problems.map(({ kind, line }) => [kind, line]);

const GOOD = `
model = "gpt-5.5" # of the day
model_provider = "proxy"
notes = """
[model_providers.not_this]
wire_api = "chat"
"""

[model_providers.proxy]
name = "proxy"
base_url = "http://localhost:8000/v1"
wire_api = "responses"
env_key = "SET_KEY"
`;

describe('Codex configuration files', () => {
  it('that are right are left alone, whatever stands in their texts', () => {
    expect(read(GOOD)).toEqual({
      path: 'config.toml',
      problems: [],
      provider: 'proxy',
      baseUrl: 'http://localhost:8000/v1',
      pointsHere: true,
    });
    expect(read('model = "gpt-5.5"')).toMatchObject({ provider: null, pointsHere: false, problems: [] });
    expect(read('openai_base_url = "https://proxy.example.com/v1"').pointsHere).toBe(true);
    expect(kinds('model_provider = "x"\nmodel_providers = { x = { name = "x" } }')).toEqual([]);
    expect(kinds('model_provider = "x"\nmodel_providers.x = { name = "x" }')).toEqual([]);
  });

  it.each([
    ['[model_providers]\nproxy = "{ name = \\"proxy\\", base_url = \\"http://x/v1\\" }"', 'inline_string', 2],
    [`model_providers.proxy = '{name="p"}'`, 'inline_string', 1],
    ['model_providers = "proxy"', 'inline_string', 1],
    ['model_provider = "prox"\n[model_providers.proxy]\nname = "proxy"', 'unknown_provider', 1],
    ['[model_providers.proxy]\nwire_api = "chat"', 'wire_api', 2],
    ['[model_providers.proxy]\nbase_url = "http://127.0.0.1:8000"', 'base_url', 2],
    ['openai_base_url = "http://localhost:8000/"', 'base_url', 1],
    ['[model_providers."proxy"]\nenv_key = "UNSET_KEY"', 'env_key', 2],
    ['[model_providers.proxy]\nenv_key = "sk-key-canary"', 'env_key', 2],
    ['[model_providers.openai]\nname = "mine"', 'built_in_override', 1],
  ])('%s', (text, kind, line) => {
    expect(kinds(text)).toEqual([[kind, line]]);
  });

  it('never show a key that somebody put into an address', () => {
    const text =
      'model_provider = "p"\n[model_providers.p]\nbase_url = "http://me:secret@127.0.0.1:8000/x?key=secret"';
    expect(JSON.stringify(read(text))).not.toContain('secret');
  });

  it('never show a key that somebody wrote where the name of its variable belongs', () => {
    const texts = (value: string): string =>
      read(`[model_providers.p]\nenv_key = "${value}"`)
        .problems.map(({ text }) => text)
        .join();
    expect(texts('sk-key-canary')).toBe('env_key is not the name of a variable');
    expect(texts('gsk_LooksLikeAName1')).toBe('env_key names a variable, which is not set');
    expect(texts('UNSET_KEY')).toBe('env_key names UNSET_KEY, which is not set');
  });

  it('point here by any name of this machine', () => {
    for (const host of ['localhost', '[::1]', '0.0.0.0'])
      expect(read(`openai_base_url = "http://${host}:8000/v1"`).pointsHere).toBe(true);
  });
});
