import { isLoopbackHost } from '../loopback-host.js';
import { BY_THE_PROXY, check, type Given } from '../check.js';
import type { RefusalFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { adminCall } from '../fix-commands.js';

const NEW_TOKEN =
  'export PROXY_ADMIN_TOKEN=$(openssl rand -hex 32)   # where the proxy is started, then start it again;';
const OPEN = section('the-proxy-is-open-to-strangers');
/** A refusal that is older has been mended or given up. */
const RECENT_MS = 60 * 60_000;

export const ACCESS_CHECKS = [
  check('open_access', 'strangers may not use the keys', ['access'], BY_THE_PROXY, (facts) => [
    ...openProxy(facts),
    ...openTelemetry(facts),
    ...weakToken(facts),
  ]),
  check('registry_access', 'the registry can be used', ['access'], BY_THE_PROXY, (facts) => [
    ...unauthorized(facts),
    ...noEncryptionKey(facts),
  ]),
];

function openProxy(facts: Given<'access'>): Finding[] {
  const { access } = facts;
  if (!access.anonymous.includes('proxy') || access.clientKeys === true || isLoopbackHost(access.host))
    return [];
  return [
    {
      id: 'open_proxy',
      severity: 'warning',
      symptom: 'Whoever reaches this address spends the money of these keys.',
      evidence: [`PROXY_ANONYMOUS_ACCESS contains proxy, HOST=${access.host}, no client key is registered`],
      cause: 'Requests from other machines are forwarded without a credential, as configured.',
      fix: `${adminCall(facts, 'POST', 'keys', { name: 'team' })}   # from the first key on /v1 wants one from everybody`,
      docs: OPEN,
    },
  ];
}

function openTelemetry({ access }: Given<'access'>): Finding[] {
  if (!access.anonymous.includes('telemetry') || access.adminToken || isLoopbackHost(access.host)) return [];
  return [
    {
      id: 'open_telemetry',
      severity: 'warning',
      symptom: 'Whoever reaches this address reads the history, captured prompts and answers included.',
      evidence: [
        `PROXY_ANONYMOUS_ACCESS contains telemetry, HOST=${access.host}, PROXY_ADMIN_TOKEN is unset`,
      ],
      cause: 'Telemetry is open to other machines, as configured.',
      fix: `${NEW_TOKEN} reading wants it then`,
      docs: OPEN,
    },
  ];
}

function weakToken({ access }: Given<'access'>): Finding[] {
  if (!access.adminToken || access.adminTokenStrong) return [];
  return [
    {
      id: 'weak_admin_token',
      severity: 'warning',
      symptom: 'The admin token could be guessed.',
      evidence: ['PROXY_ADMIN_TOKEN has fewer than 20 characters'],
      cause: 'A short token.',
      fix: `${NEW_TOKEN} the dashboard and the commands want the new one then`,
      docs: OPEN,
    },
  ];
}

function unauthorized(facts: Given<'access'>): Finding[] {
  const { access, now } = facts;
  const refused = recent(access.refusals, 'unauthorized', now);
  const closed = !access.adminToken && !isLoopbackHost(access.host);
  if (refused === null && !closed) return [];
  return [
    {
      id: 'registry_unauthorized',
      severity: refused === null ? 'note' : 'warning',
      symptom: 'The registry, or the dashboard, returns 401.',
      evidence: [
        `PROXY_ADMIN_TOKEN is ${access.adminToken ? 'set' : 'unset'}, HOST=${access.host}`,
        ...(refused === null
          ? []
          : [
              `${refused.count} callers of /admin were refused since the start; the last was told: ${refused.message}`,
            ]),
      ],
      cause: access.adminToken
        ? 'PROXY_ADMIN_TOKEN is configured and the request did not include the bearer token, or included another one.'
        : 'Without PROXY_ADMIN_TOKEN only programs on the same machine may, and not through a reverse proxy.',
      fix: access.adminToken
        ? `${adminCall(facts, 'GET', 'providers')}   # the dashboard asks for the token at sign-in`
        : `${NEW_TOKEN} send it as Authorization: Bearer …`,
      docs: section('registry-returns-401'),
    },
  ];
}

function noEncryptionKey({ access, now, providers }: Given<'access'>): Finding[] {
  if (access.encryptionKey) return [];
  const refused = recent(access.refusals, 'inline_key', now);
  return [
    {
      id: 'no_encryption_key',
      severity: refused === null ? 'note' : 'warning',
      symptom: 'Registering a provider with api_key is answered with 400.',
      evidence: [
        'PROXY_SECRET_ENCRYPTION_KEY is unset',
        ...(refused === null ? [] : [`${refused.count} inline keys were refused since the start`]),
        ...(providers == null ? [] : [`${providers.length} providers are registered`]),
      ],
      cause: 'Inline provider keys are stored encrypted, and there is no key to encrypt them with.',
      fix: 'export PROXY_SECRET_ENCRYPTION_KEY=$(openssl rand -base64 32)   # where the proxy is started; the same for every process, kept for ever; or register "credential_ref": "env:TEAM_KEY"',
      docs: section('inline-provider-key-rejected'),
    },
  ];
}

function recent(
  refusals: readonly RefusalFacts[],
  what: RefusalFacts['what'],
  now: number,
): RefusalFacts | null {
  return refusals.find((one) => one.what === what && now - one.lastAt < RECENT_MS) ?? null;
}
