import { BY_THE_PROXY, check, type Given } from '../check.js';
import type { EndingFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const DASHBOARD = section('dashboard-shows-resources-but-no-recent-requests');
const KEPT = section('old-records-stay');
const MINUTE_MS = 60_000;
/** Of a kind of ending; fewer are chance. */
const SEVERAL = 3;
/** By then hours have been summed after a start, whichever process has the turn. */
const SUMMED_AFTER_MS = 120 * MINUTE_MS;
const LOOKED_AT =
  'only a running proxy knows, whose database answers this in time; rpx_unsummed_hours tells later';

/** What requests leave behind. */
export const HISTORY_CHECKS = [
  check('traffic', 'requests arrive and show', ['traffic'], BY_THE_PROXY, (facts) => [
    ...noTraffic(facts),
    ...notFinished(facts),
  ]),
  check('tokens', 'answers tell their tokens', ['history'], BY_THE_PROXY, noTokens),
  check('capture', 'bodies are kept whole', ['settings', 'history'], BY_THE_PROXY, capture),
  check('retention', 'old records go when they should', ['settings', 'history'], BY_THE_PROXY, keptTooLong),
  check('sums', 'hours of history are summed', ['unsummed'], LOOKED_AT, notSummed),
];

function noTraffic({ traffic, history, now }: Given<'traffic'>): Finding[] {
  const { lastRoutedAt, inFlight } = traffic;
  if (lastRoutedAt !== null || inFlight > 0) return [];
  const stored = history?.newestAt ?? null;
  return [
    {
      id: 'no_requests',
      severity: 'note',
      symptom: 'The dashboard shows resources but no recent requests.',
      evidence: [
        `no request has reached this process since it started ${Math.round(traffic.uptimeMs / 1000)} s ago`,
        stored === null
          ? 'there is none in the history either'
          : `the newest in the history began ${age(now - stored)} ago`,
      ],
      cause: 'Clients send elsewhere, or nobody has sent anything.',
      fix: `export OPENAI_BASE_URL=${traffic.baseUrl}/v1   # for the SDKs; for Codex: responses-proxy codex --print`,
      docs: DASHBOARD,
    },
  ];
}

function notFinished({ traffic, history }: Given<'traffic'>): Finding[] {
  const forgotten = history?.unfinished ?? 0;
  if (forgotten > 0) return [withoutEnd(forgotten)];
  // Where others have ended, open ones are nothing to speak of.
  const ended = history?.endings.some(({ state }) => state !== 'in_progress') ?? false;
  if (ended || traffic.inFlight === 0) return [];
  return [
    {
      id: 'requests_not_finished',
      severity: 'note',
      symptom: 'The dashboard shows resources but no finished requests.',
      evidence: [
        `${traffic.inFlight} requests are open now: they show as in_progress, and have tokens when they end`,
      ],
      cause: 'They have not finished yet.',
      fix: 'responses-proxy tail   # shows each as it ends',
      docs: DASHBOARD,
    },
  ];
}

function withoutEnd(requests: number): Finding {
  return {
    id: 'requests_without_end',
    severity: 'warning',
    symptom: 'Requests stay in_progress for ever.',
    evidence: [
      `${requests} requests in the history began longer ago than an attempt may take and have no end`,
    ],
    cause:
      'The process that served them is gone and its spool has not been read: another host, another volume, or a database that was away.',
    fix: 'Start responses-proxy serve with the PROXY_DATA_DIR of the process that is gone (its volume, or its disk): it brings the records to the database. If that is lost, so are they.',
    docs: DASHBOARD,
  };
}

const WHY: Readonly<Record<string, string>> = {
  completed:
    'the upstream ends answers without telling their usage: it is no complete Responses API, or something on the way cuts the last event',
  incomplete: 'the upstream ends answers without telling their usage',
  client_aborted:
    'clients left before the end, and the upstream tells usage with the last event (PROXY_ON_DISCONNECT=drain waits for it)',
  upstream_error: 'the upstream broke answers off before their last event',
  timeout: 'the upstream went silent before the last event',
  interrupted: 'the process ended in the middle of them',
};

function noTokens({ history, keys }: Given<'history'>): Finding[] {
  const silent = history.endings.filter(
    ({ state, withoutTokens, requests }) =>
      WHY[state] !== undefined && withoutTokens >= SEVERAL && withoutTokens * 2 > requests,
  );
  if (silent.length === 0) return [];
  const served = silent.some(({ state }) => state === 'completed');
  const asked = keys?.find(({ id }) => silent.some(({ resourceId }) => resourceId === id));
  return [
    {
      id: 'tokens_empty',
      severity: served ? 'warning' : 'note',
      symptom: 'Token columns are empty.',
      evidence: silent.map(lineOf),
      cause: `${[...new Set(silent.map(({ state }) => WHY[state]))].join('; ')}. Empty means not told, never 0.`,
      fix: served
        ? `responses-proxy doctor --turn --model ${quoted(asked?.models?.[0] ?? 'MODEL')}   # one short turn, which costs its tokens: where it says unknown, the upstream tells no response.usage in its last event, response.completed. PROXY_MAX_CAPTURE_BYTES has nothing to do with it`
        : 'export PROXY_ON_DISCONNECT=drain   # exact usage for answers whose client has gone, at the price of their tokens',
      docs: section('token-columns-are-empty'),
    },
  ];
}

function lineOf({ resourceId, state, requests, withoutTokens }: EndingFacts): string {
  return `${resourceId ?? 'without a key'}: ${withoutTokens} of the last ${requests} ${state} requests tell no tokens`;
}

function capture({ settings, history }: Given<'settings' | 'history'>): Finding[] {
  const docs = section('bodies-are-cut-or-missing');
  if (settings.captureBytes === 0)
    return [
      {
        id: 'capture_off',
        severity: 'note',
        symptom: 'Requests show no bodies.',
        evidence: ['PROXY_MAX_CAPTURE_BYTES=0'],
        cause: 'Nothing is kept of bodies, as configured. Tokens and times are recorded all the same.',
        fix: 'export PROXY_MAX_CAPTURE_BYTES=2000000   # the default',
        docs,
      },
    ];
  if (history.truncatedBodies === 0) return [];
  return [
    {
      id: 'bodies_truncated',
      severity: 'note',
      symptom: 'Captured bodies end in the middle.',
      evidence: [
        `${history.truncatedBodies} of the last ${history.bodies} bodies are longer than PROXY_MAX_CAPTURE_BYTES=${settings.captureBytes}`,
      ],
      cause: 'More is sent than is kept. What clients and upstreams get is whole, and tokens are counted.',
      fix: `export PROXY_MAX_CAPTURE_BYTES=${settings.captureBytes * 4}   # takes room in the database and in the spool`,
      docs,
    },
  ];
}

function notSummed({ unsummed, traffic, now }: Given<'unsummed'>): Finding[] {
  if (unsummed.first === null || (traffic?.uptimeMs ?? 0) < SUMMED_AFTER_MS) return [];
  return [
    {
      id: 'hours_not_summed',
      severity: 'warning',
      symptom: 'Charts over weeks are slow, and old requests stay in the database.',
      evidence: [
        `not in the sums of hours yet: ${unsummed.hours} with requests, the first began ${age(now - unsummed.first)} ago`,
      ],
      cause:
        'Hours cannot be summed, which is tried every hour by one process of all. Until then requests stay for up to twice as long as they should.',
      fix: 'responses-proxy prune   # tries it at once, and says what the database refuses, as retention.unsummed in the log does: full disks and missing rights are the usual causes',
      docs: KEPT,
    },
  ];
}

function keptTooLong({ settings, history, now }: Given<'settings' | 'history'>): Finding[] {
  const { retentionDays, bodyRetentionDays } = settings;
  const docs = section('bodies-are-cut-or-missing');
  const found: Finding[] = [];
  if (bodyRetentionDays > retentionDays)
    found.push({
      id: 'bodies_outlive_requests',
      severity: 'note',
      symptom: 'Bodies stay in the database that no request leads to.',
      evidence: [`PROXY_BODY_RETENTION_DAYS=${bodyRetentionDays}, PROXY_RETENTION_DAYS=${retentionDays}`],
      cause: 'Bodies are kept for longer than their requests.',
      fix: `export PROXY_BODY_RETENTION_DAYS=${retentionDays}`,
      docs,
    });
  if (history.overdueAt !== null)
    found.push({
      id: 'retention_behind',
      severity: 'warning',
      symptom: 'The database grows, and holds records that should be gone.',
      evidence: [
        `the oldest request is ${age(now - history.overdueAt)} old, PROXY_RETENTION_DAYS=${retentionDays}`,
      ],
      cause:
        'Nothing has pruned for more than a day: the database refuses it, their hours cannot be summed, or no process runs for more than five minutes.',
      fix: 'responses-proxy prune --dry-run   # what would go; without --dry-run it goes now, and says what the database refuses; retention.failed and retention.unsummed in the log say what the process met',
      docs: KEPT,
    });
  return found;
}

function age(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (ms < 120 * MINUTE_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * 1440 * MINUTE_MS) return `${Math.round(ms / 60 / MINUTE_MS)} h`;
  return `${Math.round(ms / 1440 / MINUTE_MS)} days`;
}
