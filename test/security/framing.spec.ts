import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askRaw } from '../support/raw-ask.js';
import { demand } from '../support/release.js';
import { Rig } from '../support/rig.js';

const TYPE = 'content-type: application/json';
const MEANT = '{"model":"gpt-5.5","input":"meant"}';
const hiddenBody = '{"model":"gpt-5.5","input":"hidden"}';
/** A whole request, for whoever ends the one before it too early. */
const HIDDEN = `POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\n${TYPE}\r\ncontent-length: ${hiddenBody.length}\r\n\r\n${hiddenBody}`;
const length = (body: string): string => `content-length: ${body.length}`;
const post = (lines: readonly string[], body: string): string =>
  `POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\n${[TYPE, ...lines].join('\r\n')}\r\n\r\n${body}`;
const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;
const chunked = (body: string): string => `${chunk(body)}0\r\n\r\n`;
const te = (value: string): string => `transfer-encoding: ${value}`;

/** What it is, the bytes, and how many requests a reader of RFC 9112 finds in them. Zero = refused or cut. */
const CASES: readonly (readonly [string, string, number])[] = [
  [
    'a length and chunks (CL.TE)',
    post([length(chunked(MEANT) + HIDDEN), te('chunked')], chunked(MEANT) + HIDDEN),
    0,
  ],
  ['chunks and a length (TE.CL)', post([te('chunked'), 'content-length: 4'], chunked(MEANT) + HIDDEN), 0],
  ['chunked twice', post([te('chunked'), te('chunked')], chunked(MEANT) + HIDDEN), 0],
  ['chunked and identity', post([te('chunked, identity'), length(MEANT)], MEANT + HIDDEN), 0],
  ['identity', post([te('identity'), length(MEANT)], MEANT + HIDDEN), 0],
  ['a coding nobody knows', post([te('xchunked')], chunked(MEANT) + HIDDEN), 0],
  ['chunked behind a vertical tab', post([te('\x0bchunked')], chunked(MEANT) + HIDDEN), 0],
  ['a space before the colon', post(['transfer-encoding : chunked', length(MEANT)], MEANT + HIDDEN), 0],
  ['a folded line', post(['transfer-encoding:\r\n chunked', length(MEANT)], MEANT + HIDDEN), 0],
  ['a name with a NUL', post(['transfer-encoding\0: chunked', length(MEANT)], MEANT + HIDDEN), 0],
  ['two different lengths', post([length(MEANT), 'content-length: 5'], MEANT + HIDDEN), 0],
  ['two equal lengths', post([length(MEANT), length(MEANT)], MEANT + HIDDEN), 0],
  ['a list of lengths', post([`${length(MEANT)}, ${MEANT.length}`], MEANT + HIDDEN), 0],
  ['a length with a sign', post([`content-length: +${MEANT.length}`], MEANT + HIDDEN), 0],
  ['a negative length', post(['content-length: -1'], MEANT + HIDDEN), 0],
  ['a length in hex', post([`content-length: 0x${MEANT.length.toString(16)}`], MEANT + HIDDEN), 0],
  ['a length with a space in it', post(['content-length: 3 5'], MEANT + HIDDEN), 0],
  ['an empty length', post(['content-length:'], HIDDEN), 0],
  ['a length beyond numbers', post([`content-length: ${'9'.repeat(40)}`], MEANT + HIDDEN), 0],
  ['a chunk beyond numbers', post([te('chunked')], `${'f'.repeat(20)}\r\n${MEANT}\r\n0\r\n\r\n${HIDDEN}`), 0],
  ['a chunk with a sign', post([te('chunked')], `-1\r\n${MEANT}\r\n0\r\n\r\n${HIDDEN}`), 0],
  ['a chunk size that is no number', post([te('chunked')], `xx\r\n${MEANT}\r\n0\r\n\r\n${HIDDEN}`), 0],
  ['a chunk size with 0x', post([te('chunked')], `0x${chunked(MEANT)}${HIDDEN}`), 0],
  ['a chunk longer than it says', post([te('chunked')], `1\r\n${MEANT}\r\n0\r\n\r\n${HIDDEN}`), 0],
  ['chunks ended by line feeds', post([te('chunked')], chunked(MEANT).replaceAll('\r\n', '\n') + HIDDEN), 0],
  ['a chunk extension without end', post([te('chunked')], `1;${'e'.repeat(40_000)}\r\n${MEANT}${HIDDEN}`), 0],
  ['a head ended by line feeds', post([length(MEANT)], MEANT).replaceAll('\r\n', '\n') + HIDDEN, 0],
  ['a head ended by carriage returns', post([length(MEANT)], MEANT).replaceAll('\r\n', '\r') + HIDDEN, 0],
  ['space before the first field', post([length(MEANT)], MEANT).replace('host:', ' host:') + HIDDEN, 0],
  ['no Host', post([length(MEANT)], MEANT).replace('host: 127.0.0.1\r\n', '') + HIDDEN, 0],
  ['two Hosts', post(['host: evil.example', length(MEANT)], MEANT) + HIDDEN, 0],
  ['no version', `POST /v1/responses\r\n\r\n${HIDDEN}`, 0],
  ['a version to come', post([length(MEANT)], MEANT).replace('HTTP/1.1', 'HTTP/3.0') + HIDDEN, 0],
  [
    'two spaces in the first line',
    post([length(MEANT)], MEANT).replace('POST ', 'POST  ') + HIDDEN.replace('hidden', 'second'),
    2,
  ],
  ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${HIDDEN}`, 0],
  ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n${HIDDEN}`, 0],
  [
    'a request in the body of a GET',
    `GET /v1/responses/r HTTP/1.1\r\nhost: 127.0.0.1\r\n${TYPE}\r\n${length(HIDDEN)}\r\n\r\n${HIDDEN}`,
    0,
  ],
  [
    'a request in the body of an upgrade',
    `GET /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${length(HIDDEN)}\r\n\r\n${HIDDEN}`,
    0,
  ],
  ['a request in a body that is refused', post([length(HIDDEN)], HIDDEN), 0],
  [
    'a length behind the chunks',
    post([te('chunked')], `${chunk(MEANT)}0\r\ncontent-length: 1\r\n\r\n${HIDDEN}`),
    0,
  ],
  [
    'fields that decide, behind the chunks',
    post([te('chunked')], `${chunk(MEANT)}0\r\nauthorization: Bearer x\r\nhost: evil.example\r\n\r\n`),
    1,
  ],
  [
    'an upgrade to HTTP/2, and one behind it',
    post(['connection: upgrade', 'upgrade: h2c', length(MEANT)], MEANT) + HIDDEN.replace('hidden', 'second'),
    2,
  ],
  ['two that are meant', post([length(MEANT)], MEANT) + HIDDEN.replace('hidden', 'second'), 2],
];

describe('framing that two readers could read in two ways', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({
      env: { PROXY_BODY_IDLE_TIMEOUT_SECONDS: '1', PROXY_HEADERS_TIMEOUT_SECONDS: '2' },
    });
  });
  afterAll(() => rig.stop());

  it.each(CASES)('%s', async (_what, bytes, meant) => {
    rig.upstream.ledger.clear();
    const answer = await askRaw(rig.proxy.port, Buffer.from(bytes, 'latin1'), 15_000);
    expect(answer.hung, answer.text).toBe(false);
    if (meant === 0)
      expect([400, 404, 405, 413, 415, 421, 426, 431, 501, 505, null]).toContain(answer.status);
    else expect(answer.status).toBe(200);
    await rig.proxy.idle();
    const inputs = rig.upstream.ledger.creates.map(({ json }) => json?.['input']);
    expect(inputs).not.toContain('hidden');
    expect(inputs.length).toBeLessThanOrEqual(meant);
    expect(inputs.includes('meant')).toBe(meant > 0);
  });

  it('are at least 24, and the process has served on', async () => {
    demand('S6', 'cases of framing', CASES.length, { atLeast: 24 });
    expect((await rig.client.send({ body: {} })).status).toBe(200);
    expect(rig.proxy.output).not.toMatch(/unhandled|failed inside/i);
  });
});
