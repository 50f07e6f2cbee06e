import type { CodexFileFacts, CodexProblem } from './facts.js';
import { ownAddress } from './own-address.js';
import { tomlSettings, type TomlSetting } from './toml-settings.js';

export interface CodexSurroundings {
  /** Addresses of this proxy, as `ownAddress` spells them. */
  readonly here: readonly string[];
  /** Whether a variable is set where Codex would run. */
  readonly isSet: (name: string) => boolean;
}

/** They are described inside Codex. */
const BUILT_IN = new Set(['openai', 'ollama', 'lmstudio']);

/** What a Codex configuration file says about providers, and what Codex will refuse of it. Pure. */
export function readCodexConfig(path: string, text: string, around: CodexSurroundings): CodexFileFacts {
  const settings = tomlSettings(text);
  const provider = valueAt(settings, ['model_provider']);
  const ids = new Set(
    settings.flatMap(({ path: at }) => (at[0] === 'model_providers' && at[1] !== undefined ? [at[1]] : [])),
  );
  const problems = settings.flatMap((setting) => problemOf(setting, around));
  if (
    provider !== null &&
    !BUILT_IN.has(provider.value) &&
    !ids.has(provider.value) &&
    !isInlineTable(settings)
  )
    problems.push({
      kind: 'unknown_provider',
      line: provider.line,
      text: `model_provider is ${provider.value}, and there is no [model_providers.${provider.value}]`,
    });
  const used = provider?.value ?? null;
  const baseUrl =
    used === null || used === 'openai'
      ? valueAt(settings, ['openai_base_url'])
      : valueAt(settings, ['model_providers', used, 'base_url']);
  const isHere = baseUrl !== null && around.here.includes(ownAddress(baseUrl.value));
  return { path, problems, provider: used, baseUrl: shown(baseUrl?.value ?? null), pointsHere: isHere };
}

function problemOf(setting: TomlSetting, around: CodexSurroundings): CodexProblem[] {
  const { path, kind, line } = setting;
  if (path[0] === 'openai_base_url') return withoutV1(setting, around);
  if (path[0] !== 'model_providers') return [];
  const [, id = ''] = path;
  if (path.length <= 2 && kind === 'string')
    return [{ kind: 'inline_string', line, text: `${path.join('.')} is a string; it must be a table` }];
  if (kind !== 'table') return fieldProblem(setting, around);
  return BUILT_IN.has(id) ? [{ kind: 'built_in_override', line, text: `[${path.join('.')}]` }] : [];
}

/** Of one setting inside a provider. */
function fieldProblem(setting: TomlSetting, around: CodexSurroundings): CodexProblem[] {
  const { path, value, line } = setting;
  switch (path[2]) {
    case 'wire_api':
      return value === 'responses'
        ? []
        : [{ kind: 'wire_api', line, text: `wire_api is ${JSON.stringify(value)}` }];
    case 'base_url':
      return withoutV1(setting, around);
    case 'env_key':
      return around.isSet(value) ? [] : [{ kind: 'env_key', line, text: envKeyProblem(value) }];
    default:
      return [];
  }
}

/** Some write the key itself there; those of a few vendors could be names, if not such as people give. */
function envKeyProblem(value: string): string {
  if (!/^[A-Z_][A-Z0-9_]*$/i.test(value)) return 'env_key is not the name of a variable';
  return `env_key names ${/[a-z]/.test(value) ? 'a variable' : value}, which is not set`;
}

/** Only of an address that is known to be ours: others have paths of their own. */
function withoutV1({ value, line, path }: TomlSetting, { here }: CodexSurroundings): CodexProblem[] {
  if (!here.includes(ownAddress(value)) || /\/v1\/?$/.test(value)) return [];
  return [{ kind: 'base_url', line, text: `${path.join('.')} is ${shown(value)}` }];
}

function isInlineTable(settings: readonly TomlSetting[]): boolean {
  return settings.some(
    ({ path, kind }) => path.length === 1 && path[0] === 'model_providers' && kind !== 'table',
  );
}

function valueAt(settings: readonly TomlSetting[], path: readonly string[]): TomlSetting | null {
  const same = (one: TomlSetting): boolean =>
    one.path.join('\n') === path.join('\n') && one.kind === 'string';
  return settings.find(same) ?? null;
}

/** Some put a key into an address. */
function shown(url: string | null): string | null {
  return url === null ? null : url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '');
}
