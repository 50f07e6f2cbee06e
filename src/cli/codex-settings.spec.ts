import { describe, expect, it } from 'vitest';
import { codexOverrides, codexToml } from '../common/codex-settings.js';
import { readCodexConfig } from '../diagnosis/codex-config.js';
import { readCodexArguments } from './codex-arguments.js';
import { codexEnvironment } from './codex-environment.js';

const LOCAL = 'http://127.0.0.1:8000';

describe('what Codex is told', () => {
  it('is one setting an override, and a file that the doctor finds nothing wrong with', () => {
    const target = { baseUrl: `${LOCAL}/v1`, keyVariable: 'TEAM_KEY', websockets: true };
    expect(codexOverrides(target)).toEqual([
      'model_provider="proxy"',
      'model_providers.proxy.name="proxy"',
      'model_providers.proxy.base_url="http://127.0.0.1:8000/v1"',
      'model_providers.proxy.wire_api="responses"',
      'model_providers.proxy.env_key="TEAM_KEY"',
      'model_providers.proxy.supports_websockets=true',
    ]);
    const around = { here: ['127.0.0.1:8000'], isSet: () => true };
    expect(readCodexConfig('config.toml', codexToml(target), around)).toMatchObject({
      problems: [],
      provider: 'proxy',
      pointsHere: true,
    });
  });

  it.each([
    [['exec', '--print'], {}, { print: false, rest: ['exec', '--print'], keyVariable: null }],
    [['--print', '--url', 'https://x.example/v1/'], {}, { print: true, baseUrl: 'https://x.example/v1' }],
    [
      ['--url=https://x.example/team', '--', '--print'],
      {},
      { baseUrl: 'https://x.example/team/v1', rest: ['--print'] },
    ],
    [[], { RPX_CLIENT_KEY: 'rpx_x' }, { keyVariable: 'RPX_CLIENT_KEY', baseUrl: `${LOCAL}/v1`, rest: [] }],
    [['--key-env', 'TEAM'], { TEAM: 'x' }, { keyVariable: 'TEAM' }],
    [['--self-test', '--model', 'm', '--json'], {}, { selfTest: true, model: 'm', json: true, rest: [] }],
    [['--model', 'm'], {}, { selfTest: false, model: null, rest: ['--model', 'm'] }],
  ])('%j', (args, env, expected) => {
    expect(readCodexArguments(args, env, LOCAL)).toMatchObject(expected);
  });

  it.each([
    [['--url', 'x']],
    [['--url', 'http://me:secret@x']],
    [['--key-env', 'UNSET']],
    [['--key-env', 'a b']],
    [['--json', 'exec']],
    [['--self-test', '--print']],
    [['--self-test', 'exec', 'x']],
    [['--self-test', '--model']],
  ])('refuses %j without repeating a secret', (args) => {
    const said = readCodexArguments(args, {}, LOCAL);
    expect(said).toBeTypeOf('string');
    expect(said).not.toContain('secret');
  });

  it('holds no secret of the proxy', () => {
    const env = {
      PATH: '/bin',
      OPENAI_API_KEY: 'sk-1',
      OPENAI_API_KEYS: 'sk-2',
      OPENAI_API_KEY_3: 'sk-3',
      PROXY_ADMIN_TOKEN: 'token',
      PROXY_DATABASE_URL: 'postgres://me:word@host/db',
      RPX_CLIENT_KEY: 'rpx_x',
    };
    expect(codexEnvironment(env, 'RPX_CLIENT_KEY')).toEqual({ PATH: '/bin', RPX_CLIENT_KEY: 'rpx_x' });
    expect(codexEnvironment(env, 'OPENAI_API_KEY')).toHaveProperty('OPENAI_API_KEY', 'sk-1');
  });
});
