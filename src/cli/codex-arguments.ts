import type { CodexTarget } from './codex-settings.js';

/** Read when it is set: where `/v1` wants a client key. */
export const KEY_VARIABLE = 'RPX_CLIENT_KEY';

export const CODEX_HELP = `Usage: responses-proxy codex [--print [--json]] [--url URL] [--key-env NAME] [--websocket] [--] [codex's own arguments]

Runs Codex through the proxy, with one -c override per setting and no change to any file.

  --print         shows the overrides and the TOML for ~/.codex/config.toml instead
  --json          with --print: one JSON object with overrides, command line and TOML
  --url URL       address of the proxy (default: the one that HOST and PORT of this environment name)
  --key-env NAME  variable with the client key, where the proxy wants one (default: ${KEY_VARIABLE}, if it is set)
  --websocket     lets Codex use WebSocket mode

Everything from the first other argument on is for Codex: responses-proxy codex exec "say hello". Codex does not get the
secrets of the proxy's own environment. Its exit code is passed on; 1 if the proxy or Codex is not there, 2 for a wrong
command line.
`;

export interface CodexArguments extends CodexTarget {
  readonly print: boolean;
  /** With `print` alone. */
  readonly json: boolean;
  readonly rest: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Given {
  readonly print?: boolean;
  readonly json?: boolean;
  readonly websockets?: boolean;
  readonly url?: string;
  readonly key?: string;
}

/** What was asked for, or what is wrong with it. */
export function readCodexArguments(
  args: readonly string[],
  environment: Environment,
  local: string,
): CodexArguments | string {
  let given: Given = {};
  let at = 0;
  while (at < args.length) {
    const [name = '', inline] = (args[at] ?? '').split(/=(.*)/s);
    const option = optionOf(name, inline ?? args[at + 1] ?? '');
    if (option === null) break;
    given = { ...given, ...option };
    at += TAKES_A_VALUE.has(name) && inline === undefined ? 2 : 1;
  }
  return settle(given, args.slice(args[at] === '--' ? at + 1 : at), environment, local);
}

const TAKES_A_VALUE: ReadonlySet<string> = new Set(['--url', '--key-env']);

/** Null for what is Codex's own. */
function optionOf(name: string, value: string): Given | null {
  switch (name) {
    case '--print':
      return { print: true };
    case '--json':
      return { json: true };
    case '--websocket':
      return { websockets: true };
    case '--url':
      return { url: value };
    case '--key-env':
      return { key: value };
    default:
      return null;
  }
}

function settle(
  given: Given,
  rest: readonly string[],
  environment: Environment,
  local: string,
): CodexArguments | string {
  const { print = false, json = false, websockets = false, url, key } = given;
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const baseUrl = withV1(url ?? local);
  if (baseUrl === null) return '--url wants an address like http://127.0.0.1:8000.';
  const keyVariable = key ?? (isSet(KEY_VARIABLE) ? KEY_VARIABLE : null);
  return problemOf(given, isSet) ?? { print, json, websockets, rest, baseUrl, keyVariable };
}

function problemOf({ print, json, key }: Given, isSet: (name: string) => boolean): string | null {
  if (json === true && print !== true)
    return '--json goes with --print; that of `codex exec` stands after exec.';
  if (key === undefined) return null;
  if (!/^[A-Za-z_]\w*$/.test(key)) return '--key-env wants the name of a variable.';
  return isSet(key) || print === true ? null : `${key}, which --key-env names, is not set.`;
}

/** People give the address with and without it. */
function withV1(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol) || parsed.username !== '')
    return null;
  return `${parsed.origin}${parsed.pathname.replace(/(?<!\/)\/+$/, '').replace(/\/v1$/, '')}/v1`;
}
