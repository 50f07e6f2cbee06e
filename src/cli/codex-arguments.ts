import { KEY_VARIABLE, type CodexTarget } from '../common/codex-settings.js';

export const CODEX_HELP = `Usage: responses-proxy codex [--print [--json]] [--url URL] [--key-env NAME] [--websocket] [--] [codex's own arguments]
       responses-proxy codex --self-test [--model M] [--json] [--url URL] [--key-env NAME] [--websocket]

Runs Codex through the proxy, with one -c override per setting and no change to any file.

  --print         shows the overrides and the TOML for ~/.codex/config.toml instead
  --self-test     one short, real turn of Codex with these overrides, none of your own settings and no retries: whether Codex
                  ran, a model answered and the proxy recorded it (with PROXY_ADMIN_TOKEN where it is set). Costs its tokens
  --model M       with --self-test: the model (default: Codex's own)
  --json          with --print: one JSON object with overrides, command line and TOML; with --self-test: what works
  --url URL       address of the proxy (default: the one that HOST and PORT of this environment name)
  --key-env NAME  variable with the client key, where the proxy wants one (default: ${KEY_VARIABLE}, if it is set)
  --websocket     lets Codex use WebSocket mode

Everything from the first other argument on is for Codex: responses-proxy codex exec "say hello". Codex does not get the
secrets of the proxy's own environment.

Exit codes: that of Codex is passed on; 1 if the proxy or Codex is not there, 2 for a wrong command line. Of --self-test:
0 all works, 1 something does not, 130 stopped.
`;

export interface CodexArguments extends CodexTarget {
  readonly print: boolean;
  readonly selfTest: boolean;
  /** Of the self-test; null = Codex's own. */
  readonly model: string | null;
  /** With `print` and `selfTest`. */
  readonly json: boolean;
  readonly rest: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Given {
  readonly print?: boolean;
  readonly selfTest?: boolean;
  readonly model?: string;
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
    const value = inline ?? args[at + 1] ?? '';
    // Without a self-test it is Codex's own.
    const option = name === '--model' && given.selfTest === true ? { model: value } : optionOf(name, value);
    if (option === null) break;
    given = { ...given, ...option };
    at += TAKES_A_VALUE.has(name) && inline === undefined ? 2 : 1;
  }
  return settle(given, args.slice(args[at] === '--' ? at + 1 : at), environment, local);
}

const TAKES_A_VALUE: ReadonlySet<string> = new Set(['--url', '--key-env', '--model']);

/** Null for what is Codex's own. */
function optionOf(name: string, value: string): Given | null {
  switch (name) {
    case '--print':
      return { print: true };
    case '--self-test':
      return { selfTest: true };
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
  const { print = false, selfTest = false, json = false, websockets = false, model = null, url, key } = given;
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const baseUrl = withV1(url ?? local);
  if (baseUrl === null) return '--url wants an address like http://127.0.0.1:8000.';
  const keyVariable = key ?? (isSet(KEY_VARIABLE) ? KEY_VARIABLE : null);
  const settled = { print, selfTest, model, json, websockets, rest, baseUrl, keyVariable };
  return problemOf(given, rest, isSet) ?? settled;
}

function problemOf(
  { print, selfTest, model, json, key }: Given,
  rest: readonly string[],
  isSet: (name: string) => boolean,
): string | null {
  if (json === true && print !== true && selfTest !== true)
    return '--json goes with --print or --self-test; that of `codex exec` stands after exec.';
  if (selfTest === true && (print === true || rest.length > 0))
    return '--self-test goes with neither --print nor arguments of Codex.';
  if (model === '') return '--model wants the name of a model.';
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
