import type { Facts, KeyFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { adminCall, askAgain, quoted } from '../fix-commands.js';

interface Advice {
  readonly cause: string;
  /** What makes asking again worth while. */
  readonly first?: string;
}

const UPSTREAM = section('requests-succeed-but-a-403-appears');

const ADVICE: Readonly<Record<string, Advice>> = {
  invalid_key: {
    cause: 'The upstream does not know this key: it was mistyped, revoked, or belongs to another upstream.',
  },
  forbidden: {
    cause:
      'The upstream knows the key and refuses it with 403: its project, country, address or rights forbid this use.',
    first:
      'when the permissions of the key, its project and the IP allowlist of its organisation allow it; says at once whether they do',
  },
  insufficient_quota: {
    cause: 'The account behind the key has no quota or credit left.',
    first: 'when there is credit, or the budget of its project is higher',
  },
  unreachable: {
    cause: 'No connection to its upstream can be made: name, network, firewall or certificate.',
  },
  server_errors: {
    cause: 'Its upstream failed several times in a row.',
    first: 'tries it now; without it the key is tried again by itself, one request at a time',
  },
};

const OTHERWISE = {
  cause: 'Its upstream refused or failed.',
  first: 'tries the key at once; what was said last stands in the evidence',
};

/** A key that gets no requests now, and why. */
export function refusedKey(key: KeyFacts, othersServe: boolean, facts: Facts): Finding[] {
  if (key.status !== 'unhealthy') return pausedKey(key, othersServe, facts.now);
  const advice = ADVICE[key.reason] ?? OTHERWISE;
  return [
    {
      id: 'key_refused',
      severity: othersServe ? 'warning' : 'error',
      symptom: othersServe
        ? `Requests succeed, but ${shown(key)} shows at ${key.id}: other keys do its work.`
        : `${key.id} serves nothing, and nobody in its pool does its work.`,
      evidence: [`${key.id} (${key.origin}): ${key.reason}${key.detail === null ? '' : `: ${key.detail}`}`],
      cause: advice.cause,
      fix: fixOf(key, advice, facts),
      docs: UPSTREAM,
    },
  ];
}

function fixOf(key: KeyFacts, { first = OTHERWISE.first }: Advice, facts: Facts): string {
  if (key.reason === 'unreachable')
    return `curl -v ${quoted(`${key.baseUrl}/models`)}   # from the machine or container of the proxy; an HTTP proxy in the environment is not used`;
  if (key.reason === 'invalid_key') return replacement(key, facts);
  return `${askAgain(facts, key.id)}   # ${first}`;
}

/** A list of keys cannot be set in part. */
function replacement({ id, source, origin }: KeyFacts, facts: Facts): string {
  if (source === 'registry')
    return `${adminCall(facts, 'PATCH', `providers/${encodeURIComponent(id)}`, { api_key: 'sk-…' })}   # the new key; or "enabled": false`;
  if (/^\w+$/.test(origin))
    return `export ${origin}=sk-…   # the new key, where the proxy is started; then start it again`;
  return `Put a new key into ${origin} where the proxy is started, or take it out there, and start it again.`;
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
