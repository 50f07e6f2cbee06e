import { parseArgs, type ParseArgsConfig } from 'node:util';
import { processEnvironment } from '../../config/process-environment.js';
import { EXIT } from '../exit-code.js';
import { AdminClient } from './admin-client.js';
import { AdminFailure } from './admin-failure.js';
import { adminAddress } from './admin-address.js';
import { UsageError } from './usage-error.js';
import { refuse } from '../refuse.js';

type Options = NonNullable<ParseArgsConfig['options']>;
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What a command gets to work with. */
export interface Asked {
  readonly admin: AdminClient;
  readonly values: Values;
  readonly words: readonly string[];
  readonly json: boolean;
}

export interface AdminCommand {
  readonly help: string;
  readonly options: Options;
  /** How many words may stand beside the options. */
  readonly words: number;
  /** Resolves to an exit code. A thrown UsageError is a wrong command line. */
  run(asked: Asked): Promise<number>;
}

const COMMON: Options = {
  url: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

export const COMMON_HELP = `  --json        one JSON value per line instead of a table
  --url URL     the proxy to ask (default: the one HOST and PORT name)

PROXY_ADMIN_TOKEN is sent when it is set.
Exit codes: 0 done, 1 failed, 2 wrong command line.
`;

/** Makes a command of the table in main.ts out of one that asks a running proxy. */
export function adminCommand(command: AdminCommand): (args: readonly string[]) => Promise<number> {
  return async (args) => {
    try {
      const { values, positionals } = parse(args, command);
      if (values['help'] === true) {
        process.stdout.write(command.help);
        return EXIT.ok;
      }
      const admin = new AdminClient(adminAddress(values['url'] as string | undefined, processEnvironment()));
      return await command.run({ admin, values, words: positionals, json: values['json'] === true });
    } catch (e: unknown) {
      if (e instanceof UsageError) return refuse(`${e.message}\n\n${command.help}`, EXIT.usage);
      if (e instanceof AdminFailure) return refuse(e.message, EXIT.failed);
      throw e;
    }
  };
}

function parse(args: readonly string[], { options, words }: AdminCommand) {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { ...COMMON, ...options },
      allowPositionals: true,
      strict: true,
    });
    if (parsed.positionals.length <= words)
      return { values: parsed.values as Values, positionals: parsed.positionals };
  } catch (e: unknown) {
    throw new UsageError(e instanceof Error ? e.message : String(e));
  }
  throw new UsageError('Too many arguments.');
}

/** A whole number given as an option. */
export function countOf(values: Values, name: string, fallback: number, max: number): number {
  const text = values[name];
  if (text === undefined) return fallback;
  if (typeof text === 'string' && /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= max)
    return Number(text);
  throw new UsageError(`--${name} must be a whole number from 1 to ${max}.`);
}
