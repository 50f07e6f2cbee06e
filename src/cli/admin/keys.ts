import { EXIT } from '../exit-code.js';
import { adminCommand, COMMON_HELP, type Asked, type Values } from './command.js';
import { count, time, usd } from './format.js';
import { print, printJson } from './print.js';
import type { KeyRow } from './rows.js';
import { plain, type Column } from './table.js';
import { UsageError } from './usage-error.js';

const HELP = `Usage: responses-proxy keys [list]
       responses-proxy keys create NAME [limits]
       responses-proxy keys revoke KEY_ID

Client keys: what programs send as their API key to this proxy. A new key is shown once.

Limits, each left out = none:
  --expires WHEN           an ISO time with zone, or epoch ms
  --pools a,b  --models a,b
  --requests-per-minute N  --tokens-per-minute N
  --daily-tokens N         --monthly-tokens N
  --daily-usd N            --monthly-usd N
${COMMON_HELP}`;

const COLUMNS: readonly Column<KeyRow>[] = [
  { title: 'key', value: (row) => row.id },
  { title: 'name', max: 40, value: (row) => row.name },
  { title: 'begins', value: (row) => row.prefix },
  { title: 'state', value: (row) => stateOf(row, Date.now()) },
  { title: 'last used', value: (row) => time(row.last_used_at) },
  { title: 'requests today', right: true, value: (row) => count(row.today?.requests ?? null) },
  { title: 'tokens today', right: true, value: (row) => count(row.today?.tokens ?? null) },
  { title: 'cost today', right: true, value: (row) => usd(row.today?.cost_usd ?? null) },
];

function stateOf({ revoked_at, expires_at }: KeyRow, now: number): string {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && expires_at <= now ? 'expired' : 'active';
}

export const keysCommand = adminCommand({
  help: HELP,
  words: 2,
  options: {
    expires: { type: 'string' },
    pools: { type: 'string' },
    models: { type: 'string' },
    'requests-per-minute': { type: 'string' },
    'tokens-per-minute': { type: 'string' },
    'daily-tokens': { type: 'string' },
    'monthly-tokens': { type: 'string' },
    'daily-usd': { type: 'string' },
    'monthly-usd': { type: 'string' },
  },
  run(asked) {
    const [what = 'list', subject] = asked.words;
    if (what === 'list' && subject === undefined) return list(asked);
    if (what === 'create' && subject !== undefined) return create(asked, subject);
    if (what === 'revoke' && subject !== undefined) return revoke(asked, subject);
    throw new UsageError('Say `keys list`, `keys create NAME` or `keys revoke KEY_ID`.');
  },
});

async function list({ admin, json }: Asked): Promise<number> {
  const { keys } = await admin.get<{ keys: KeyRow[] }>('/admin/keys');
  const none = 'No client key: without one only programs on the machine of the proxy get in.';
  print(keys, COLUMNS, { json, none });
  return EXIT.ok;
}

async function create({ admin, json, values }: Asked, name: string): Promise<number> {
  const made = await admin.post<KeyRow & { key: string }>('/admin/keys', { name, ...limitsOf(values) });
  if (json) printJson([made]);
  // The key alone on standard output: it can be piped into a secret store.
  else {
    process.stdout.write(`${made.key}\n`);
    process.stderr.write(`${made.id} (${plain(made.name)}): shown this once, kept nowhere.\n`);
  }
  return EXIT.ok;
}

async function revoke({ admin, json }: Asked, id: string): Promise<number> {
  const row = await admin.delete<KeyRow>(`/admin/keys/${encodeURIComponent(id)}`);
  if (json) printJson([row]);
  else
    process.stdout.write(
      `${row.id} (${plain(row.name)}) opens nothing more; its open streams end within 30 s.\n`,
    );
  return EXIT.ok;
}

export function limitsOf(values: Values): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  const expires = values['expires'];
  if (typeof expires === 'string') limits['expires_at'] = moment(expires);
  for (const [option, field] of [
    ['pools', 'allowed_pools'],
    ['models', 'allowed_models'],
  ] as const) {
    const text = values[option];
    if (typeof text === 'string') limits[field] = text.split(',').map((part) => part.trim());
  }
  for (const [option, field] of NUMBERS) {
    const text = values[option];
    if (typeof text !== 'string') continue;
    if (!/^\d+(?:\.\d+)?$/.test(text)) throw new UsageError(`--${option} must be a number.`);
    limits[field] = Number(text);
  }
  return limits;
}

const NUMBERS: readonly (readonly [option: string, field: string])[] = [
  ['requests-per-minute', 'requests_per_minute'],
  ['tokens-per-minute', 'tokens_per_minute'],
  ['daily-tokens', 'daily_tokens'],
  ['monthly-tokens', 'monthly_tokens'],
  ['daily-usd', 'daily_cost_usd'],
  ['monthly-usd', 'monthly_cost_usd'],
];

function moment(text: string): number {
  const at = /^\d{1,15}$/.test(text)
    ? Number(text)
    : /(?:Z|[+-]\d\d:\d\d)$/.test(text)
      ? Date.parse(text)
      : NaN;
  if (Number.isNaN(at)) throw new UsageError('--expires must be an ISO time with a zone, or epoch ms.');
  return at;
}
