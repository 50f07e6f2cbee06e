import { parseArgs } from 'node:util';

export const DOCTOR_HELP = `Usage: responses-proxy doctor [--json] [--url URL [--idle SECONDS]] [--turn --model MODEL]

Looks for everything that docs/troubleshooting.md describes: what is wrong, what says so, why, and what to do. Changes
nothing.

The proxy that answers at HOST and PORT of this environment is asked, with PROXY_ADMIN_TOKEN where it wants one. Where
none runs, the environment, port, database, Redis, disk and keys are looked at that it would start with. Codex
configuration files are those of this user.

  --json          the findings as one JSON document
  --url URL       the address that clients use, through load balancers and reverse proxies: streams, silence, WebSocket,
                  headers and a large request are sent through it and back, without asking any upstream. Wants a client
                  key in RPX_CLIENT_KEY, or PROXY_ADMIN_TOKEN, which is not sent over plain http to another machine.
                  Where nothing runs at HOST and PORT and the address answers, it is the proxy that is looked at
  --turn          one short turn of a model, streamed, at the address of --url or this machine's: what answered, when the
                  first byte and the end came, and the tokens it took. It costs those; everything else is free. Wants a
                  client key in RPX_CLIENT_KEY where clients need one
  --model MODEL   the model of --turn
  --idle SECONDS  how long the stream is silent (default 65; 0 leaves it out)

Exit codes: 0 nothing is wrong, 1 warnings, 2 errors (or a wrong command line).
`;

export interface DoctorArguments {
  readonly json: boolean;
  readonly url: string | null;
  readonly idleSeconds: number;
  /** Of the turn; null = none. */
  readonly model: string | null;
}

const DEFAULT_IDLE_SECONDS = 65;
const OPTIONS = {
  json: { type: 'boolean' },
  url: { type: 'string' },
  idle: { type: 'string' },
  turn: { type: 'boolean' },
  model: { type: 'string' },
} as const;

/** What was asked for, or what is wrong with it. */
export function readDoctorArguments(args: readonly string[]): DoctorArguments | string {
  let given: { json?: boolean; url?: string; idle?: string; turn?: boolean; model?: string };
  try {
    given = parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (e: unknown) {
    return e instanceof Error ? e.message : String(e);
  }
  const { json = false, url, idle = String(DEFAULT_IDLE_SECONDS) } = given;
  const base = url === undefined ? null : baseOf(url);
  if (url !== undefined && base === null) return '--url wants an address beginning with http:// or https://.';
  if (!/^\d{1,3}(\.\d)?$/.test(idle)) return '--idle wants seconds, such as 65.';
  const model = given.model || null;
  if ((given.turn === true) !== (model !== null)) return '--turn and --model MODEL go together.';
  return { json, url: base, idleSeconds: Number(idle), model };
}

/** Clients are given the address with /v1, people say it without. */
function baseOf(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname.replace(/(?<!\/)\/+$/, '').replace(/\/v1$/, '')}`;
}
