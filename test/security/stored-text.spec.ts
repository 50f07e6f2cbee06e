import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { key, Rig } from '../support/rig.js';
import { until } from '../support/until.js';
import { HOSTILE_TEXTS } from './hostile-texts.js';

/** Fields that whoever sends requests, or registers things, fills with what the dashboard shows. */
const FIELDS = ['model', 'session id', 'session name', 'cache key', 'user agent', 'answer', 'error'];
const REGISTERED = ['provider', 'organization', 'metadata', 'alias', 'key'];
const LISTS = ['requests', 'sessions', 'decisions', 'providers', 'models', 'keys', 'audit', 'state', 'usage'];
const SUBJECTS = ['requests', 'sessions', 'decisions', 'usage'];

let rig: Rig;
let shown = '';
beforeAll(async () => {
  // The audience of the answers' text is the model's own; here it is whatever the last input says.
  rig = await Rig.start({ keys: [key('a')] });
});
afterAll(() => rig.stop());

const post = async (path: string, body: object): Promise<number> => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  return (await fetch(`${rig.proxy.url}${path}`, init)).status;
};
const read = async (path: string): Promise<{ text: string; type: string }> => {
  const answer = await fetch(`${rig.proxy.url}${path}`);
  expect([path, answer.status, answer.headers.get('x-content-type-options')]).toEqual([path, 200, 'nosniff']);
  return { text: await answer.text(), type: answer.headers.get('content-type') ?? '' };
};

/** Rows and cells after RFC 4180. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows.filter((row) => row.length > 1);
}

/** What JSON may hold unescaped is harmless in it; these would reach a terminal or an old reader of the text. */
const RAW_CONTROLS = /[\u0000-\u0008\u000b-\u001f]/;

describe(`${HOSTILE_TEXTS.length} texts in ${FIELDS.length + REGISTERED.length} fields`, () => {
  it('are taken as they are or refused by name, and never end anything', async () => {
    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(30);
    const statuses = new Map<string, number>();
    const count = (what: string, status: number): void => {
      expect([what, status]).toEqual([what, expect.toBeOneOf([200, 201, 400])]);
      const name = `${what} ${status < 300 ? 'taken' : 'refused'}`;
      statuses.set(name, (statuses.get(name) ?? 0) + 1);
    };
    for (const [n, text] of HOSTILE_TEXTS.entries()) {
      const sent: Record<string, object> = {
        model: { model: text },
        'session id': { metadata: { session_id: text } },
        'session name': { metadata: { session_id: `named-${n}`, session_name: text } },
        'cache key': { prompt_cache_key: text },
        answer: { input: text },
      };
      for (const [what, fields] of Object.entries(sent))
        count(what, await post('/v1/responses', { model: 'gpt-5.5', input: 'x', ...fields }));
      const agent = { 'user-agent': text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500) };
      count('user agent', (await rig.client.send({ headers: agent, body: {} })).status ?? 0);
      const failing = {
        model: `plan:failed,code=${encodeURIComponent(text.slice(0, 50)).replaceAll('%', '-')}`,
      };
      count('error', await post('/v1/responses', { input: 'x', ...failing }));
      const provider = { id: `p${n}`, name: `p${n}`, base_url: 'https://api.example.com/v1', api_key: null };
      count(
        'provider',
        await post('/admin/providers', { ...provider, auth_type: 'none', enabled: false, name: text }),
      );
      const labelled = { ...provider, id: `o${n}`, name: `o${n}`, auth_type: 'none', enabled: false };
      count('organization', await post('/admin/providers', { ...labelled, organization: text }));
      const noted = { ...labelled, id: `m${n}`, name: `m${n}`, metadata: { owner: text } };
      count('metadata', await post('/admin/providers', noted));
      const alias = { alias: `alias-${n}`, upstream_id: 'gpt-5.5', display_name: text };
      count('alias', await post('/admin/models', alias));
    }
    // Last: from here on /v1 wants a key.
    for (const text of HOSTILE_TEXTS) count('key', await post('/admin/keys', { name: text }));
    console.log('hostile texts', JSON.stringify(Object.fromEntries(statuses)));
    await rig.proxy.idle();
    await until(
      () => rig.history.rows<{ n: number }>("SELECT COUNT(*) AS n FROM requests WHERE state = 'in_progress'"),
      ([row]) => row?.n === 0,
    );
  }, 60_000);

  it.each(LISTS)('come back in /admin/%s as JSON that says what it is', async (list) => {
    const { text, type } = await read(
      `/admin/${list}${['providers', 'models', 'keys', 'state', 'usage'].includes(list) ? '' : '?limit=500'}`,
    );
    expect(type).toMatch(/^application\/json/);
    expect(text).not.toMatch(RAW_CONTROLS);
    shown += JSON.stringify(JSON.parse(text));
  });

  it('are shown again where they were taken: nothing of them is run, cut or lost on the way', () => {
    const stored = HOSTILE_TEXTS.filter((text) => shown.includes(JSON.stringify(text).slice(1, -1)));
    expect(stored.length).toBeGreaterThanOrEqual(25);
  });

  it.each(SUBJECTS)(
    'are no formula, no second row and no second cell in the export of %s',
    async (subject) => {
      const { text, type } = await read(`/admin/export/${subject}?format=csv`);
      expect(type).toMatch(/^text\/csv/);
      const [head = [], ...rows] = cellsOf(text);
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) {
        expect(row).toHaveLength(head.length);
        for (const cell of row) expect(cell).not.toMatch(/^[=+@\t\r\n|＝＋－＠]|^-(?!\d)/);
      }
      const lines = await read(`/admin/export/${subject}?format=ndjson`);
      expect(lines.type).toMatch(/^application\/x-ndjson/);
      const parsed = lines.text.trimEnd().split('\n');
      expect(parsed.length).toBe(rows.length);
      for (const line of parsed) {
        expect(line).not.toMatch(RAW_CONTROLS);
        expect(typeof JSON.parse(line)).toBe('object');
      }
    },
  );
});
