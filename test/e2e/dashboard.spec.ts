import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FleetWatch } from '../../src/fleet/fleet-watch.service.js';
import { ProcessPresence } from '../../src/fleet/process-presence.service.js';
import { PEERS, type Peer, type Peers } from '../../src/state/peers.js';
import { startAdminApp, type AdminApp } from '../support/admin-app.js';
import { DashboardForms } from '../support/dashboard-forms.js';
import { browserAvailable, DashboardPage, ELSEWHERE, launchBrowser } from '../support/dashboard-page.js';
import { expectCodexAsPrinted } from '../support/first-run.js';
import { Rig } from '../support/rig.js';
import { UpstreamCache } from '../support/upstream-cache.js';

const TOKEN = 'a-token-that-is-long-enough-for-tests-0123456789';

describe.skipIf(!browserAvailable)('the dashboard in a real browser', () => {
  let browser: Browser;
  const apps: AdminApp[] = [];
  let rig: Rig | null = null;
  const start = async (env: Record<string, string>): Promise<AdminApp> => {
    const admin = await startAdminApp(env);
    apps.push(admin);
    return admin;
  };
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    for (const admin of apps) await admin.close();
    await rig?.stop();
  });

  it('tells the next step when no key is configured, without errors and without going elsewhere', async () => {
    const admin = await start({});
    const on = await DashboardPage.open(browser, admin.url, { width: 390 });
    await on.page.getByText('export OPENAI_API_KEY').waitFor();
    await on.page.getByText('not ready: no key').waitFor();
    expect(await new DashboardForms(on).faultsOfLooks('first-run')).toEqual([]);
    await expectCodexAsPrinted(on);
    await on.page.goto(`${admin.url}/docs`);
    await on.page.locator('.opblock').first().waitFor();
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('shows replicas and workers where there is more than one process, and warns of one that does not fit', async () => {
    const admin = await start({ OPENAI_API_KEY: 'sk-test-fleet' });
    const on = await DashboardPage.open(browser, admin.url, { width: 390 });
    const { page } = on;
    await page.locator('[data-resource="openai-1"]').waitFor();
    expect(await page.locator('#fleet').count()).toBe(0);
    await admin.app.get(ProcessPresence).beat();
    const peers = admin.app.get<Peers>(PEERS);
    const self = peers.list();
    const worker: Peer = {
      ...self[0]!,
      instanceId: 'inst_worker',
      role: 'worker',
      host: 'host-b',
      databaseId: 'db_of_somebody_else',
      inFlight: {},
      pending: 7,
      lagMs: 1_500,
      self: false,
    };
    peers.list = () => [...self, worker];
    admin.app.get(FleetWatch).look();
    const row = page.locator('[data-process="inst_worker"]');
    await row.waitFor();
    expect(await row.innerText()).toMatch(/worker.*host-b.*other database.*7, oldest 1\.5 s/s);
    const banner = page.getByText('worker inst_worker on host-b uses another database');
    await banner.waitFor();
    expect(await banner.innerText()).toContain('PROXY_DATABASE_URL');
    expect(await new DashboardForms(on).faultsOfLooks('fleet')).toEqual([]);
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('asks for the admin token and shows the page that was asked for once it has it', async () => {
    const admin = await start({ PROXY_ADMIN_TOKEN: TOKEN });
    const on = await DashboardPage.open(browser, admin.url.replace('127.0.0.1', ELSEWHERE), {
      at: '/usage?group_by=key',
    });
    on.expect(/status of 401/);
    const { page } = on;
    await page.getByLabel('Admin token').waitFor();
    expect(await new DashboardForms(on).faultsOfLooks('sign-in')).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 860 });
    expect(await page.locator('nav:visible, [role=search]:visible').count()).toBe(0);
    await page.getByLabel('Admin token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText('not ready: no key').waitFor();
    await page.getByRole('heading', { name: 'Usage' }).waitFor();
    expect(await page.locator('nav:visible, [role=search]:visible').count()).toBe(2);
    expect(await page.getByLabel('By', { exact: true }).inputValue()).toBe('key');
    expect(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length')).toBe(
      0,
    );
    await on.go('/');
    // Opened from elsewhere, where nobody gets in without a client key.
    await page.getByText('Three steps to the first answer').waitFor();
    await page.getByText('export RPX_CLIENT_KEY=rpx_…').waitFor();
    await page.getByText('-H "authorization: Bearer $RPX_CLIENT_KEY"').waitFor();
    await expectCodexAsPrinted(on, '--key-env', 'RPX_CLIENT_KEY');
    expect(await new DashboardForms(on).faultsOfLooks('first-run-elsewhere')).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 860 });
    const cut = await page
      .locator('.command pre:visible')
      .evaluateAll((all) => all.map((pre) => pre.scrollWidth - pre.clientWidth));
    expect(cut).toEqual([0, 0, 0, 0]);
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('shows how much of the prompts is cached, what a move leaves behind, and what is left of a limit', async () => {
    const on = (rig = await Rig.start());
    on.upstream.usage = new UpstreamCache().usage;
    const turn = (n: number) =>
      on.client.send({ body: { prompt_cache_key: 's', input: 'word'.repeat(1_000 * n) } });
    for (let n = 1; n <= 3; n++) await turn(n);
    await on.proxy.idle();
    const home = String(on.client.entries.at(-1)?.headers['x-proxy-resource-id']);
    const left = on.client.entries.at(-1)?.usage?.input_tokens.toLocaleString('en-US');
    on.upstream.faults.set(on.keys[home === 'openai-1' ? 0 : 1]?.key ?? '', 'fault:429,retry=60', {
      times: 1,
    });
    await turn(4);
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(on.proxy.url);
    // 1,920 of 6,003 tokens.
    await page
      .locator(`[data-resource="${home}"]`)
      .getByText(/^32 % of 6,00\d tokens, 32 % in/)
      .waitFor();
    const moved = page.locator('details', { hasText: `leaves up to ${left} cached tokens behind` });
    await moved.locator('summary').click();
    await moved.getByText(`up to ${left} cached tokens at stake`).waitFor();
    const head = await moved.locator('th').allTextContents();
    const row = moved.locator('tbody tr', { hasText: home }).locator('td');
    const cell = async (name: string) => (await row.allTextContents())[head.indexOf(name)];
    expect(await cell('Tokens cached')).toBe(left);
    expect(await cell('Requests left')).toMatch(/^([\d,]+|–)$/);
    expect(await cell('Tokens left')).toMatch(/^([\d,]+|–)$/);
    const probe = page.getByRole('button', { name: `Probe now: ${home}` });
    const card = page.locator(`[data-resource="${home}"]`);
    await probe.click();
    await card.getByText(/answered 200 in \d+ ms: its key is accepted\./).waitFor();
    const other = home === 'openai-1' ? 'openai-2' : 'openai-1';
    on.upstream.faults.set(on.keys[home === 'openai-1' ? 1 : 0]?.key ?? '', 'fault:401', { on: 'models' });
    const one = (id: string) => fetch(`${on.proxy.url}/admin/resources/${id}/probe`, { method: 'POST' });
    const answer = await one(other);
    expect([answer.status, (await one('openai-9')).status]).toEqual([200, 404]);
    expect(await answer.json()).toMatchObject({
      resource_id: other,
      ok: false,
      status_code: 401,
      message: expect.stringContaining('the upstream does not accept its key') as string,
      fix: expect.stringContaining('Replace the key') as string,
      health: { status: 'unhealthy', reason: 'invalid_key' },
    });
    // As any other probe it counts: the card has it with the next live state.
    await page.locator(`[data-resource="${other}"]`).getByText('Unhealthy').waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });
});
