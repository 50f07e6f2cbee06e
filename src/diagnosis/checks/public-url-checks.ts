import { check, type Given } from '../check.js';
import type { StreamFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const STREAMS = section('streams-arrive-in-one-piece-or-are-cut');
const ASK = 'give --url with the address that clients use';
/** Events that were sent apart and arrive this much closer together were held back. */
const HELD_BACK = 0.5;

/** What stands between clients and the proxy. */
export const PUBLIC_URL_CHECKS = [
  check('public_url', 'the public address leads here', ['publicUrl'], ASK, reach),
  check('streaming', 'streams pass the public address as they are sent', ['publicUrl'], ASK, (facts) => [
    ...buffered(facts),
    ...cut(facts),
  ]),
  check('websocket', 'WebSocket passes the public address', ['publicUrl'], ASK, websocket),
  check('headers', 'headers and bodies pass the public address', ['publicUrl'], ASK, (facts) => [
    ...headers(facts),
    ...bodies(facts),
  ]),
];

function reach({ publicUrl: { url, reach: seen } }: Given<'publicUrl'>): Finding[] {
  if (seen.ok) return [];
  return [
    {
      id: 'public_url_unreachable',
      severity: 'error',
      symptom: 'Clients get no answer, or one of another server.',
      evidence: [`${url}: ${seen.said}`],
      cause:
        'The address leads elsewhere, does not let requests to /v1 through, or the credential of this shell is not accepted there.',
      fix: `curl -i ${quoted(`${url}/healthz`)}   # must say {"status":"ok"}. The self-test wants a client key in RPX_CLIENT_KEY, or PROXY_ADMIN_TOKEN; on the machine of the proxy, responses-proxy doctor without --url says whether it runs`,
      docs: STREAMS,
    },
  ];
}

function buffered({ publicUrl: { stream } }: Given<'publicUrl'>): Finding[] {
  if (stream === null || stream.events === 0) return [];
  const compressed = stream.encoding !== null;
  if (stream.received < stream.events && !compressed) return [incomplete(stream)];
  if (!compressed && stream.receivedOverMs > stream.sentOverMs * HELD_BACK) return [];
  return [
    {
      id: 'stream_buffered',
      severity: 'error',
      symptom: 'Answers appear all at once at the end, Codex shows nothing for a long time, or gives up.',
      evidence: [
        arrived(stream),
        ...(stream.encoding === null ? [] : [`the answer was compressed on the way (${stream.encoding})`]),
      ],
      cause:
        'A server between client and proxy collects the answer before it passes it on: buffering, compression or a virus scanner.',
      fix: 'location /v1/ { proxy_buffering off; gzip off; proxy_http_version 1.1; }   # nginx. Others: switch off response buffering and compression for text/event-stream',
      docs: STREAMS,
    },
  ];
}

function incomplete(stream: StreamFacts): Finding {
  return {
    id: 'stream_incomplete',
    severity: 'error',
    symptom: 'Answers break off in the middle: stream disconnected before completion.',
    evidence: [arrived(stream)],
    cause:
      'A server between client and proxy ends answers before they are complete: a limit of their time or size, or a filter.',
    fix: 'location /v1/ { proxy_read_timeout 650s; send_timeout 650s; proxy_buffering off; }   # nginx. Others: no limit of the time or size of an answer; filters do not belong before text/event-stream',
    docs: STREAMS,
  };
}

function arrived({ received, events, sentOverMs, receivedOverMs }: StreamFacts): string {
  return `${received} of ${events} events sent over ${sentOverMs} ms arrived within ${receivedOverMs} ms`;
}

function cut({ publicUrl: { silence } }: Given<'publicUrl'>): Finding[] {
  if (silence === null || silence.cutAfterMs === null) return [];
  return [
    {
      id: 'stream_cut_when_silent',
      severity: 'error',
      symptom: 'Long turns break off while the model thinks: stream disconnected before completion.',
      evidence: [
        `a stream that was silent for ${silence.askedMs / 1000} s was cut after ${Math.round(silence.cutAfterMs / 100) / 10} s`,
      ],
      cause:
        'A server between client and proxy ends connections on which nothing passes for a while. Models may be silent for minutes.',
      fix: 'proxy_read_timeout 650s;   # nginx. HAProxy: timeout server 650s · AWS ALB: idle timeout 650 · above PROXY_IDLE_TIMEOUT_SECONDS and PROXY_FIRST_BYTE_TIMEOUT_SECONDS',
      docs: STREAMS,
    },
  ];
}

function websocket({ publicUrl: { websocket: seen, url } }: Given<'publicUrl'>): Finding[] {
  if (seen === null || seen.ok) return [];
  return [
    {
      id: 'websocket_blocked',
      severity: 'warning',
      symptom:
        'Codex says that it falls back from WebSockets to HTTPS, after several attempts; Responses WebSocket mode does not work.',
      evidence: [`upgrade at ${url}: ${seen.said}`],
      cause: 'A server between client and proxy does not pass on upgrades.',
      fix: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";   # nginx. Or PROXY_WEBSOCKET=off, which Codex is told at once`,
      docs: section('websocket-does-not-connect'),
    },
  ];
}

function headers({ publicUrl: { lostHeaders } }: Given<'publicUrl'>): Finding[] {
  if (lostHeaders === null || lostHeaders.length === 0) return [];
  const underscores = lostHeaders.every((name) => name.includes('_'));
  return [
    {
      id: underscores ? 'headers_with_underscores_dropped' : 'headers_dropped',
      severity: 'warning',
      symptom:
        'Conversations move between keys: the proxy does not learn which session a request belongs to.',
      evidence: [`sent and not received: ${lostHeaders.join(', ')}`],
      cause: underscores
        ? 'A server between client and proxy drops headers with underscores, as nginx does by default; older Codex names its session in session_id.'
        : 'A server between client and proxy drops headers it does not know.',
      fix: underscores
        ? 'underscores_in_headers on;   # nginx, in the http or server block'
        : 'proxy_pass_request_headers on; ignore_invalid_headers off; underscores_in_headers on;   # nginx. Others: no list of permitted headers before /v1/',
      docs: section('headers-or-large-requests-do-not-arrive'),
    },
  ];
}

function bodies({ publicUrl: { body } }: Given<'publicUrl'>): Finding[] {
  if (body === null || body.ok) return [];
  return [
    {
      id: 'large_requests_refused',
      severity: 'error',
      symptom:
        'Long conversations fail with 413 after some turns: agents send the whole history with every turn.',
      evidence: [`a request of ${Math.round(body.sentBytes / 1_048_576)} MB: ${body.said}`],
      cause: 'A server between client and proxy limits requests.',
      fix: `client_max_body_size 64m;   # nginx. PROXY_MAX_BODY_BYTES is the proxy's own limit`,
      docs: section('headers-or-large-requests-do-not-arrive'),
    },
  ];
}
