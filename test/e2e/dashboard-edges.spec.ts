import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DatabaseService } from '../../src/infra/database/database.service.js';
import { startAdminApp, type AdminApp } from '../support/admin-app.js';
import { DashboardForms } from '../support/dashboard-forms.js';
import { browserAvailable, DashboardPage, launchBrowser } from '../support/dashboard-page.js';

const TOKEN = 'a-token-that-is-long-enough-for-tests-0123456789';
const WRONG = 'a-wrong-token-that-is-long-enough-0123456789';

const turn = (n: number, thread_id: string) => ({
  id: `req_${n}`,
  state: 'completed',
  started_at: 1_763_870_000_000 + n,
  finished_at: 1_763_870_001_000 + n,
  error_code: null,
  error_message: null,
  session_id: 's',
  thread_id,
  parent_thread_id: null,
  model: 'gpt-5.5',
  input_tokens: 10,
  cached_tokens: null,
  output_tokens: 1,
  reasoning_tokens: null,
  cost_usd: null,
  status_code: 200,
  resource_id: 'openai-1',
  caller_id: 'c',
  session_name: null,
  latency_ms: 90,
  first_byte_ms: 20,
});

describe.skipIf(!browserAvailable)('the dashboard where it is seldom looked at, in a real browser', () => {
  let browser: Browser;
  let admin: AdminApp;
  let on: DashboardPage;
  let form: DashboardForms;

  beforeAll(async () => {
    [browser, admin] = await Promise.all([
      launchBrowser(),
      startAdminApp({
        PROXY_ADMIN_TOKEN: TOKEN,
        PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
        OPENAI_API_KEY: 'sk-test-edges',
      }),
    ]);
    on = await DashboardPage.open(browser, admin.url, { at: '/providers' });
    on.expect(/status of (?:401|429|503)|ERR_INCOMPLETE_CHUNKED_ENCODING/);
    form = new DashboardForms(on);
  });
  afterAll(async () => {
    await browser.close();
    await admin.close();
  });

  const api = (path: string, token: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return fetch(`${admin.url}/admin/${path}`, { ...init, headers });
  };

  it('after too many wrong tokens the form stays, says so, and takes the right one', async () => {
    let status = 401;
    for (let n = 0; n < 200 && status === 401; n++) status = (await api('keys', WRONG)).status;
    expect(status).toBe(429);
    await form.signIn(WRONG);
    await form.text('Too many wrong tokens', '[role=alert]');
    await form.signIn(TOKEN);
    await form.heading('Providers');
  });

  it('opens a provider whose id is “new”', async () => {
    const body = { id: 'new', name: 'The new one', base_url: 'http://127.0.0.1:9/v1', auth_type: 'none' };
    const made = await api('providers', TOKEN, { method: 'POST', body: JSON.stringify(body) });
    expect({ status: made.status, said: await made.text() }).toMatchObject({ status: 201 });
    await form.visit('/audit', 'Audit');
    await form.text('base URL', '#audit');
    const fields = await on.page.locator('#audit li .hint').allTextContents();
    expect(fields.filter((name) => /[a-z][A-Z]|_/.test(name))).toEqual([]);
    await form.visit('/providers', 'Providers');
    await form.link('The new one').click();
    await form.heading('The new one');
    await form.visit('/providers', 'Providers');
    await form.link('Register a provider').click();
    await form.heading('Register a provider');
  });

  it('shows a key that was just made until it is left, also when the token is asked for meanwhile', async () => {
    await form.visit('/keys', 'Client keys');
    await form.link('Make a key').click();
    await form.field('Name (required)').fill('laptop');
    await form.button('Make the key').click();
    await form.heading('The key is made');
    const once = on.page.locator('[data-once]');
    const key = await once.innerText();
    const unauthorized = { error: { message: 'The token has changed.', code: 'unauthorized' } };
    const overloaded = { error: { message: 'Too many pages are open.', code: 'overloaded' } };
    await on.page.route('**/admin/events', (to) => to.fulfill({ status: 503, json: overloaded }));
    (admin.app.getHttpServer() as { closeAllConnections(): void }).closeAllConnections();
    const said = 'Too many pages are open. Trying again… What you see is the last known state.';
    await on.page.locator('.banner', { hasText: said }).waitFor();
    await on.page.unroute('**/admin/events');
    await on.page.route('**/admin/events', (to) => to.fulfill({ status: 401, json: unauthorized }));
    await form.heading('Sign in');
    await on.page.unroute('**/admin/events');
    await form.signIn(TOKEN);
    await form.heading('The key is made');
    expect(await once.innerText()).toBe(key);
    await form.link('I have it').click();
    await form.heading('Client keys');
    expect(await on.page.content()).not.toContain(key);
    await form.visit('/keys/+new', 'Make a client key');
    await form.field('Name (required)').waitFor();
  });

  it('says why a search was refused, keeps what was typed, and goes there when it is tried again', async () => {
    const json = { error: { message: 'The database is away.', code: 'database_unavailable' } };
    const asked = '**/admin/requests?session_id=*';
    await on.page.route(asked, (to) => to.fulfill({ status: 503, json }), { times: 1 });
    const search = on.page.getByRole('search');
    const box = search.getByRole('searchbox');
    await box.fill('no-such-model');
    await box.press('Enter');
    await search.getByText('The database is away.').waitFor();
    expect(await box.inputValue()).toBe('no-such-model');
    await box.press('Enter');
    await form.heading('Requests');
    expect(on.page.url()).toContain('#/requests?model=no-such-model');
    expect(await search.getByRole('alert').count()).toBe(0);
  });

  it('tells an empty log from a filter that nothing fits', async () => {
    await form.visit('/audit?target_id=nobody', 'Audit');
    await on.page.getByText('No change is like that.').waitFor();
    await form.visit('/requests', 'Requests');
    await on.page.getByText('None yet. Point a client at').waitFor();
    await form.visit('/requests?model=nobody', 'Requests');
    await on.page.getByText('No request is like that.').waitFor();
  });

  it('says of which turns the sums of threads are when the session has more', async () => {
    const totals = { ...turn(0, 'main'), id: 's', name: null, source: null, caller_id: 'c' };
    const rates = { unpriced_requests: 0, failed_requests: 0, cache_hit_rate: null };
    const times = { first_seen_at: 0, last_seen_at: 0, ...rates };
    let request_count = 300;
    await on.page.route('**/admin/sessions/s', (to) =>
      to.fulfill({
        json: {
          session: { ...totals, ...times, request_count },
          moves: 0,
          resources: [],
          children: [],
          requests: [{ ...turn(2, 'agent'), parent_thread_id: 'agent' }, turn(1, 'main')],
        },
      }),
    );
    await on.go('/sessions/s');
    const threads = on.page.locator('section', { hasText: 'Threads and sub-agents' });
    await threads.getByText('Of the newest 2 turns.').waitFor();
    expect(await threads.getByText('sub-agent of').count()).toBe(0);
    await on.page.getByText('None, as far as its requests are still recorded.').waitFor();
    request_count = 2;
    await threads.getByText('Of the newest').waitFor({ state: 'detached' });
  });

  it('says once on the overview what nothing could be read for, and reads all of it again', async () => {
    const json = { error: { message: 'The database is slow.', code: 'database_unavailable' } };
    const asked = /admin\/(?:series|requests)\?/;
    await on.page.route(asked, (to) => to.fulfill({ status: 503, json }));
    await form.visit('/', 'Overview');
    await on.page.getByText('They cannot be read now.').waitFor();
    await on.page.getByText('The database is slow.').waitFor();
    expect(await on.page.locator('main [role=alert]').count()).toBe(1);
    await on.page.unroute(asked);
    await form.button('Try again').click();
    await on.page.locator('main [role=alert]').waitFor({ state: 'detached' });
    await on.page.getByText('None yet. Point a client at').waitFor();
  });

  it('keeps a provider with long names in its table', async () => {
    const { providers } = (await (await api('providers', TOKEN)).json()) as { providers: object[] };
    const long = {
      name: 'n'.repeat(200),
      pool_id: 'p'.repeat(200),
      base_url: `https://${'h'.repeat(200)}/v1`,
    };
    const rows = [
      { ...providers[0], ...long, credential_ref: `env:${'V'.repeat(128)}`, auth_type: 'bearer' },
    ];
    await on.page.route('**/admin/providers', (to) =>
      to.fulfill({ json: { providers: rows, next_cursor: null } }),
    );
    await form.visit('/requests', 'Requests');
    for (const width of [1280, 390]) {
      await on.page.setViewportSize({ width, height: 860 });
      await form.visit('/providers', 'Providers');
      await on.page.locator('#providers tbody tr').waitFor();
      expect(await on.sideways()).toBe(0);
      const table = await on.page.locator('#providers').boundingBox();
      expect(table!.width).toBeLessThan(1_080);
      await on.screenshot(`providers-long-${width}`);
      await form.visit('/requests', 'Requests');
    }
    await on.page.setViewportSize({ width: 1280, height: 860 });
    await on.page.unroute('**/admin/providers');
  });

  it('shows the longest state whole in its filter beside the others', async () => {
    await form.visit('/requests?state=upstream_error', 'Requests');
    const [shown, wanted, bottoms] = await on.page.evaluate<[number, number, number[]]>(`(() => {
      const filters = document.querySelector('.filters');
      const select = filters.querySelector('select[name=state]');
      const free = select.cloneNode(true);
      free.style.cssText = 'position: absolute; width: max-content';
      filters.append(free);
      const widths = [select.offsetWidth, free.offsetWidth];
      free.remove();
      return [...widths, [...filters.children].map((one) => Math.round(one.getBoundingClientRect().bottom))];
    })()`);
    expect(shown).toBeGreaterThanOrEqual(wanted);
    expect(new Set(bottoms).size).toBe(1);
    await on.screenshot('filters-1280');
  });

  it('says what to do where the few that a filter fits are not found in time, and keeps the filter', async () => {
    const database = admin.app.get(DatabaseService);
    let answer: (rows: never[]) => void = () => undefined;
    const rows = new Promise<never[]>((resolve) => (answer = resolve));
    const slow = vi.spyOn(database, 'readPatiently').mockReturnValue(rows);
    await form.visit('/requests?model=rare&resource_id=openai-1', 'Requests');
    const said = on.page.locator('main [role=alert]', { hasText: 'Ask for less, as since=1h' });
    await said.waitFor();
    expect(await form.field('Model').inputValue()).toBe('rare');
    await on.screenshot('too-slow');
    slow.mockRestore();
    answer([]);
    await on.page.getByText('No request is like that.').waitFor();
    expect(await said.count()).toBe(0);
  });

  it('marks rows of the filter before as such until the answer comes', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    await on.page.route('**/admin/requests?*', async (to) => {
      if (to.request().url().includes('state=failed')) await asked;
      await to.fulfill({ json: { requests: [turn(1, 'main')], next_cursor: null } });
    });
    await on.go('/requests');
    const rows = on.page.locator('.scroll[aria-busy=false]', { has: on.page.locator('#request-list') });
    await rows.waitFor();
    await on.go('/requests?state=failed');
    await on.page.locator('.scroll[aria-busy=true] [data-request=req_1]').waitFor();
    answer();
    await rows.waitFor();
    expect(on.problems).toEqual([]);
  });
});
