/** Name of the provider in Codex's configuration. */
export const PROVIDER = 'proxy';

/** Holds the client key, where `/v1` wants one. */
export const KEY_VARIABLE = 'RPX_CLIENT_KEY';

export interface CodexTarget {
  /** With `/v1`. */
  readonly baseUrl: string;
  /** Variable that holds the client key; null where none is wanted. */
  readonly keyVariable: string | null;
  readonly websockets: boolean;
}

type Setting = readonly [name: string, value: string];

/** One setting per `-c`: a whole table in one would be read as a string and refused. */
export function codexOverrides(target: CodexTarget): string[] {
  return [
    `model_provider=${JSON.stringify(PROVIDER)}`,
    ...settings(target).map(([name, value]) => `model_providers.${PROVIDER}.${name}=${value}`),
  ];
}

/** The same for `~/.codex/config.toml`. */
export function codexToml(target: CodexTarget): string {
  const lines = settings(target).map(([name, value]) => `${name} = ${value}`);
  return `model_provider = ${JSON.stringify(PROVIDER)}\n\n[model_providers.${PROVIDER}]\n${lines.join('\n')}\n`;
}

/** As a command line for a shell. */
export function codexCommandLine(target: CodexTarget): string {
  return ['codex', ...codexOverrides(target).map((override) => `-c '${override}'`)].join(' \\\n  ');
}

/** Values as TOML has them. */
function settings({ baseUrl, keyVariable, websockets }: CodexTarget): Setting[] {
  return [
    ['name', JSON.stringify(PROVIDER)],
    ['base_url', JSON.stringify(baseUrl)],
    ['wire_api', '"responses"'],
    ...(keyVariable === null ? [] : [['env_key', JSON.stringify(keyVariable)] as const]),
    ...(websockets ? [['supports_websockets', 'true'] as const] : []),
  ];
}
