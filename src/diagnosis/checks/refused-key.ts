import type { KeyFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';

interface Advice {
  readonly cause: string;
  readonly fix: string;
}

const UPSTREAM = section('requests-succeed-but-a-403-appears');
const RETRY = 'Then: POST /admin/health/check tries it at once.';

const ADVICE: Readonly<Record<string, Advice>> = {
  invalid_key: {
    cause: 'The upstream does not know this key: it was mistyped, revoked, or belongs to another upstream.',
    fix: `Replace the key in the variable it came from and restart, or take it out. ${RETRY}`,
  },
  forbidden: {
    cause:
      'The upstream knows the key and refuses it with 403: its project, country, address or rights forbid this use.',
    fix: `Look at the key's permissions, its project and the IP allowlist of its organisation. ${RETRY}`,
  },
  insufficient_quota: {
    cause: 'The account behind the key has no quota or credit left.',
    fix: `Add credit or raise the budget of its project. ${RETRY}`,
  },
  unreachable: {
    cause: 'No connection to its upstream can be made: name, network, firewall or certificate.',
    fix: 'From the machine or container of the proxy: curl -v "$PROXY_UPSTREAM_BASE_URL/models". An HTTP proxy in the environment is not used.',
  },
  server_errors: {
    cause: 'Its upstream failed several times in a row.',
    fix: 'Look at the upstream. The key is tried again by itself, one request at a time.',
  },
};

const OTHERWISE: Advice = {
  cause: 'Its upstream refused or failed.',
  fix: 'Look at the reason in the evidence. POST /admin/health/check tries the key at once.',
};

/** A key that gets no requests now, and why. */
export function refusedKey(key: KeyFacts, othersServe: boolean, now: number): Finding[] {
  if (key.status !== 'unhealthy') return pausedKey(key, othersServe, now);
  const { cause, fix } = ADVICE[key.reason] ?? OTHERWISE;
  return [
    {
      id: 'key_refused',
      severity: othersServe ? 'warning' : 'error',
      symptom: othersServe
        ? `Requests succeed, but ${shown(key)} shows at ${key.id}: other keys do its work.`
        : `${key.id} serves nothing, and nobody in its pool does its work.`,
      evidence: [`${key.id} (${key.origin}): ${key.reason}${key.detail === null ? '' : `: ${key.detail}`}`],
      cause,
      fix,
      docs: UPSTREAM,
    },
  ];
}

function pausedKey(key: KeyFacts, othersServe: boolean, now: number): Finding[] {
  if (key.until === null || key.until <= now) return [];
  const seconds = Math.ceil((key.until - now) / 1000);
  return [
    {
      id: 'key_paused',
      severity: othersServe ? 'note' : 'warning',
      symptom: othersServe
        ? `${key.id} pauses; other keys do its work.`
        : `Requests wait for ${key.id}, or are answered with 429.`,
      evidence: [
        `${key.id} (${key.origin}): ${key.reason} for ${seconds} s more${key.detail === null ? '' : `: ${key.detail}`}`,
      ],
      cause: 'The upstream asked for a pause: a rate limit of the organisation behind the key is used up.',
      fix: 'Nothing has to be done: it goes on by itself. If it happens often, add a key of another organisation (keys of one share its limits) or lower OPENAI_RESOURCE_MAX_CONCURRENCY.',
      docs: section('no-available-resources'),
    },
  ];
}

function shown({ reason }: KeyFacts): string {
  if (reason === 'invalid_key') return 'a 401';
  if (reason === 'forbidden') return 'a 403';
  if (reason === 'insufficient_quota') return 'a 429 (no quota)';
  return `the reason ${reason}`;
}
