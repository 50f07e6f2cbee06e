import { parseArgs } from 'node:util';

export const DEMO_HELP = `Usage: responses-proxy demo [--requests N] [--json]

Starts a stand-in upstream, a proxy in front of it and some traffic, to see the dashboard without any key. The address of
the dashboard is printed. Stopped by Ctrl-C, or when N requests are through; then everything it started is gone, and its
records with it.

  --requests N  ends after N requests
  --json        one JSON object with the counts at the end on standard output, progress on standard error

PORT and HOST name where the proxy listens. PROXY_DATA_DIR keeps the records there.
Exit codes: 0 done, 1 failed or a request got no answer, 2 wrong command line, 78 wrong configuration.
`;

export interface DemoArguments {
  readonly help: boolean;
  readonly json: boolean;
  /** Infinity: until it is stopped. */
  readonly requests: number;
}

const OPTIONS = {
  requests: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What was asked for, or what is wrong with it. */
export function readDemoArguments(args: readonly string[]): DemoArguments | string {
  try {
    const { requests, json = false, help = false } = parseArgs({ args: [...args], options: OPTIONS }).values;
    if (requests !== undefined && !/^[1-9]\d{0,6}$/.test(requests))
      return '--requests must be a whole number from 1 to 9999999.';
    return { help, json, requests: requests === undefined ? Infinity : Number(requests) };
  } catch (e: unknown) {
    return e instanceof Error ? e.message : String(e);
  }
}
