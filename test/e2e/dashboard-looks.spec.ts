import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, DashboardPage, launchBrowser } from '../support/dashboard-page.js';
import { busyRig } from '../support/dashboard-traffic.js';
import type { Rig } from '../support/rig.js';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly model: string | null;
  readonly attempts: number | null;
}

const NO_USAGE = {
  requests: 1,
  failed: 0,
  input_tokens: 1,
  cached_tokens: null,
  cache_hit_rate: null,
  output_tokens: 1,
  reasoning_tokens: null,
  cost_usd: null,
  unpriced_requests: 1,
};

describe.skipIf(!browserAvailable)('how the history looks in the dashboard, in a real browser', () => {
  let browser: Browser;
  let rig: Rig;
  let rows: readonly Row[];
  let retried: Row;
  beforeAll(async () => {
    [browser, rig] = await Promise.all([launchBrowser(), busyRig()]);
    rows = (await rig.proxy.admin<{ requests: Row[] }>('/admin/requests')).requests;
    retried = rows.find((row) => row.attempts === 2)!;
  });
  afterAll(async () => {
    await browser.close();
    await rig.stop();
  });

  it.each([
    { width: 390, dark: true },
    { width: 1280, dark: false },
  ])(
    'shows every page with %o without a fault that axe, the console or the network would tell',
    async (look) => {
      const pages: [at: string, name: string, ready: string][] = [
        ['/', 'overview', '.chart canvas'],
        ['/requests', 'requests', '#request-list tbody tr'],
        [`/requests/${retried.id}`, 'request', '.timeline li'],
        ['/decisions', 'decisions', '.decisions li'],
        ['/sessions', 'sessions', '#session-list tbody tr'],
        ['/sessions/session-of-the-test', 'session', '#turns tbody tr'],
        ['/usage', 'usage', '#usage tbody tr'],
      ];
      const on = await DashboardPage.open(browser, rig.proxy.url, look);
      for (const [at, name, ready] of pages) {
        await on.go(at);
        await on.page.locator(ready).first().waitFor();
        expect({ at, sideways: await on.sideways() }).toEqual({ at, sideways: 0 });
        expect({ at, violations: await on.axe() }).toEqual({ at, violations: [] });
        await on.screenshot(`${name}-${look.width}${look.dark ? '-dark' : ''}`);
      }
      expect(on.problems).toEqual([]);
      await on.close();
    },
  );

  it('shows every figure of a request with long names at 1280 px without a scroll, with the name of its key', async () => {
    const on = await DashboardPage.open(browser, rig.proxy.url, { at: '/requests' });
    const { requests } = await rig.proxy.admin<{ requests: object[] }>('/admin/requests?limit=1');
    const long = {
      started_at: Date.UTC(2025, 10, 23, 23, 59, 59),
      state: 'upstream_error',
      error_code: 'rate_limit_exceeded',
      status_code: 429,
      model: 'gpt-5.5-codex-mini-2026-08-07-eu',
      session_id: 'session-of-somebody',
      session_name: 'fix_the_login_test_of_the_dashboard',
      resource_id: 'azure-openai-sweden-central-2',
      caller_id: 'key_0123456789abcdef',
      caller_name: 'continuous-integration',
      latency_ms: 123_456,
      first_byte_ms: 12_345,
      input_tokens: 123_456,
      cached_tokens: 123_456,
      output_tokens: 123_456,
      cost_usd: 0.001234,
    };
    await on.page.route('**/admin/requests?*', (to) =>
      to.fulfill({ json: { requests: [{ ...requests[0], ...long }], next_cursor: null } }),
    );
    await on.go('/requests?limit=1');
    const key = on.page.locator('#request-list [title="continuous-integration (key_0123456789abcdef)"]');
    await key.waitFor();
    expect(await key.innerText()).toMatch(/^continuous-integrati/);
    const hidden = (table: string): Promise<number> =>
      on.page.locator(`.scroll:has(${table})`).evaluate((box) => box.scrollWidth - box.clientWidth);
    expect(await hidden('#request-list')).toBe(0);
    await on.screenshot('requests-long-1280');
    await on.go('/');
    await on.page.locator('#requests tbody tr').waitFor();
    expect(await hidden('#requests')).toBe(0);
    await on.close();
  });

  it('keeps the figures of a model with a long name in sight at 390 px', async () => {
    const on = await DashboardPage.open(browser, rig.proxy.url, { at: '/usage', width: 390 });
    const usage = [{ ...NO_USAGE, group: 'a-long-name-without-a-break-'.repeat(4) }];
    await on.page.route('**/admin/usage?*', (to) =>
      to.fulfill({ json: { group_by: 'model', usage, truncated: false } }),
    );
    await on.page.getByRole('button', { name: 'Read again' }).click();
    await on.page.getByRole('rowheader', { name: /^a-long-name/ }).waitFor();
    const figure = await on.page.locator('#usage td.number').first().boundingBox();
    expect(figure!.x + figure!.width).toBeLessThan(390);
    await on.page.getByText('price not known').waitFor();
    await on.close();
  });

  it('lists a session as started by nobody, though its last turn was of a sub-agent within it', async () => {
    const on = await DashboardPage.open(browser, rig.proxy.url, { at: '/sessions' });
    const row = on.page.locator('#session-list tbody tr', { hasText: 'fix the login test' });
    expect(await row.innerText()).not.toContain('thread-main');
    await on.close();
  });

  it('says that the proxy does not answer, keeps what it knew, and comes back by itself', async () => {
    const on = await DashboardPage.open(browser, rig.proxy.url, { at: '/requests' });
    on.expect(/ERR_|Failed to load resource/);
    await on.page.locator('#request-list tbody tr').first().waitFor();
    await rig.proxy.kill9();
    await on.page.locator('.banner').waitFor();
    expect(await on.page.locator('.banner').allInnerTexts()).toEqual([
      'The proxy does not answer. Trying again… What you see is the last known state.',
    ]);
    const status = on.page.locator('header .status');
    expect(await status.innerText()).toMatch(/Proxy\s+not known \(state of \d+ s ago\)/);
    expect(await status.locator('.good').count()).toBe(0);
    expect(await status.locator('.stale').allInnerTexts()).toHaveLength(5);
    expect(await on.page.locator('#request-list tbody tr').count()).toBe(rows.length);
    expect(await on.axe()).toEqual([]);
    await on.screenshot('away');
    await on.go('/usage');
    await on.page.getByText('The proxy did not answer.').waitFor();
    await rig.proxy.restart();
    await on.page.locator('#usage tbody tr').first().waitFor();
    expect(await on.page.locator('.banner, [role=alert]').allInnerTexts()).toEqual([]);
    expect(on.problems).toEqual([]);
    await on.close();
  });
});
