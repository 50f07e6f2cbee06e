import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, launchBrowser } from '../support/dashboard-page.js';
import { demand, note, size } from '../support/release.js';
import { key, Rig } from '../support/rig.js';
import { until } from '../support/until.js';
import { HostileLook } from './hostile-look.js';
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

/** Of the requests that said the texts and got them back. */
const answered: string[] = [];

const post = async (path: string, body: object, agent?: string): Promise<number> => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(agent === undefined ? {} : { 'user-agent': agent }) },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${rig.proxy.url}${path}`, init);
  if (agent !== undefined) answered.push(answer.headers.get('x-proxy-request-id') ?? '');
  return answer.status;
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
      const agent = text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);
      count('user agent', await post('/v1/responses', { model: 'gpt-5.5', input: text }, agent));
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
    note('S11', 'payloads', HOSTILE_TEXTS.length);
    note('S11', 'fields each of them was put into', FIELDS.length + REGISTERED.length);
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

/** What a page shows as it is: not long, and no white space or invisible characters that a browser folds. */
const READABLE = /^[!-~](?: ?[!-~]){0,100}$/;

describe.skipIf(!browserAvailable)('the same in a real browser', () => {
  let browser: Browser;
  let look: HostileLook;
  beforeAll(async () => {
    browser = await launchBrowser();
    look = await HostileLook.open(browser, rig.proxy.url);
  });
  afterAll(() => browser.close());

  /** One text of three for the pages of single records, another of them for each kind; in a release all of them. */
  function looked(first: number, every = size(3, 1)): [text: string, n: number][] {
    return HOSTILE_TEXTS.map((text, n): [string, number] => [text, n]).filter(
      ([, n]) => n % every === first % every,
    );
  }

  /** Each that can be told from what a browser makes of white space stands on one of the pages just seen. */
  function expectShown(what: string, texts = looked(0, 1)): void {
    const missing = texts.filter(([text]) => READABLE.test(text) && !look.shown.includes(text));
    expect([what, missing]).toEqual([what, []]);
    look.shown = '';
  }

  it('every list shows them as text', async () => {
    await look.at('/requests?limit=500', '#request-list tbody tr');
    await look.at('/decisions?limit=500', '.decisions li');
    await look.unfold();
    await look.at('/usage?group_by=model', '[aria-label="Usage by model"] tbody tr');
    expectShown('models');
    await look.at('/usage?group_by=session', '[aria-label="Usage by session"] tbody tr');
    await look.at('/sessions?limit=500', '#session-list tbody tr');
    expectShown('sessions');
    await look.at('/providers', '#providers tbody tr');
    expectShown('names of providers');
    await look.at('/models', '#models tbody tr');
    expectShown('display names');
    await look.at('/keys', '#keys tbody tr');
    expectShown('names of keys');
    await look.at('/', '.tiles');
    for (const [text] of looked(0, 10)) {
      await look.at(`/requests?model=${encodeURIComponent(text)}`, '.filters');
      await look.at(
        `/explain?asked=1&model=${encodeURIComponent(text)}&pool_id=${encodeURIComponent(text)}`,
        'h1',
      );
      await look.at(`/${text}`, 'h1');
    }
    look.shown = '';
  });

  it('every page of the audit shows them as text', async () => {
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/admin/audit?limit=50${query}`;
      const page: { next_cursor: string | null } = await rig.proxy.admin(path);
      await look.detail(`/audit${query.replace('&', '?')}`, '/admin/audit', '#audit tbody tr');
      cursor = page.next_cursor;
    }
    expectShown('changes of records');
  });

  it('the page of a provider shows them as text', async () => {
    for (const [, n] of looked(0)) await look.detail(`/providers/m${n}`, `/admin/providers/m${n}`, '.form');
    look.shown = look.shown.replaceAll('\\"', '"').replaceAll('\\\\', '\\');
    expectShown('metadata', looked(0));
  });

  it('the page of a request and its bodies show them as text', async () => {
    for (const [, n] of looked(1)) {
      const id = answered[n] ?? '';
      await look.detail(`/requests/${id}`, `/admin/requests/${id}`, '.timeline li');
      await look.press(/^Show .* body$/, '[data-body=response] pre');
    }
    expectShown('answers', looked(1));
  });

  it('the page of a session shows them as text', async () => {
    const { sessions } = await rig.proxy.admin<{ sessions: { id: string }[] }>('/admin/sessions?limit=500');
    const ids = new Set(sessions.map(({ id }) => id));
    for (const [text, n] of looked(2)) {
      const id = ids.has(text) ? text : `named-${n}`;
      // Two of the texts are refused wherever one may be named.
      if (!ids.has(id)) continue;
      const path = `/sessions/${encodeURIComponent(id)}`;
      await look.detail(path, `/admin${path}`, '#turns tbody tr');
    }
    expectShown('sessions', looked(2));
  });

  it('nothing ran, nothing was fetched from elsewhere, no dialog opened', () => {
    note('S11', 'pages of the dashboard looked at', look.pages);
    demand('S11', 'payloads run, requests elsewhere, errors', look.problems.length, { exactly: 0 });
    expect(look.problems).toEqual([]);
  });
});
