/** Cost of the pure parts of the hot path, per call. Needs a build; `--dist DIR` looks elsewhere. */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const at = process.argv.indexOf('--dist');
const dist = resolve(at > 0 ? process.argv[at + 1] : new URL('../dist', import.meta.url).pathname);
const load = (file) => import(pathToFileURL(`${dist}/${file}.js`).href);
const { buildRequestHeaders } = await load('upstream/request-headers');
const { filterResponseHeaders, framingConflict } = await load('upstream/response-headers');
const { matchRoute } = await load('proxy/route-grammar');
const { UsageTap } = await load('usage/usage-tap');
const { Secret } = await load('common/secret');

const key = new Secret('sk-proj-0123456789abcdef0123456789abcdef');
const metadata = JSON.stringify(
  Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field_${i}`, 'v'.repeat(30)])),
);
const names =
  'x-codex-beta-features x-codex-turn-state x-codex-window-id x-client-request-id session-id thread-id accept content-type authorization originator user-agent host content-length connection x-stainless-lang x-stainless-os x-stainless-arch x-stainless-runtime x-stainless-retry-count openai-beta accept-encoding x-forwarded-for cookie traceparent'.split(
    ' ',
  );
const request = [
  ...names.flatMap((name) => [name, '019a1b2c-0000-7000-8000-000000000000']),
  'x-codex-turn-metadata',
  metadata,
];
const response = Array.from({ length: 20 }, (_, i) => [
  Buffer.from(`x-header-${i}`),
  Buffer.from('a value of usual length'),
]).flat();

report('request headers, 25 with 1 KB of metadata', 200_000, () => buildRequestHeaders(request, key, 100));
report('response headers, 20', 200_000, () => filterResponseHeaders(response, key));
report('response framing, 20', 200_000, () => framingConflict(response));
report('route', 500_000, () => matchRoute('POST', '/v1/responses/resp_0123456789/cancel?beta=true'));

const delta = Buffer.from(
  `event: response.output_text.delta\ndata: ${JSON.stringify({ type: 'response.output_text.delta', sequence_number: 7, item_id: 'msg_0123456789abcdef', output_index: 0, content_index: 0, delta: ' word', obfuscation: 'abcdefghij' })}\n\n`,
);
const burst = Buffer.concat(Array.from({ length: 300 }, () => delta));
for (const maxCaptureBytes of [0, 2_000_000]) {
  const options = {
    contentType: 'text/event-stream',
    contentEncoding: null,
    contentLength: null,
    maxCaptureBytes,
  };
  report(
    `tap, a stream of 1,000 events each in its chunk, capture ${maxCaptureBytes} (per event)`,
    1_000,
    () => {
      const tap = new UsageTap(options);
      for (let i = 0; i < 1_000; i++) tap.push(delta);
    },
    1_000,
  );
  report(
    `tap, chunks of 300 events, capture ${maxCaptureBytes} (per event)`,
    3_000,
    () => {
      const tap = new UsageTap(options);
      for (let i = 0; i < 3; i++) tap.push(burst);
    },
    900,
  );
}

function report(label, rounds, work, per = 1) {
  for (let i = 0; i < rounds / 5; i++) work();
  const start = performance.now();
  for (let i = 0; i < rounds; i++) work();
  const us = ((performance.now() - start) * 1000) / rounds / per;
  console.log(`${label}: ${us.toFixed(3)} µs`);
}
