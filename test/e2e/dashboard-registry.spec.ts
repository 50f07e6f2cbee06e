import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminRefusals } from '../../src/admin/admin-refusals.service.js';
import { startAdminApp, type AdminApp } from '../support/admin-app.js';
import { DashboardForms, PAGES_WITHOUT_RECORDS } from '../support/dashboard-forms.js';
import { browserAvailable, DashboardPage, launchBrowser } from '../support/dashboard-page.js';
import { FakeUpstream } from '../support/fake-upstream.js';

const TOKEN = 'a-token-that-is-long-enough-for-tests-0123456789';
const GOOD = 'sk-good-0123456789';
const CANARY = 'sk-canary-0123456789-typed-into-a-form';
const HOSTILE = `<img src=x onerror=alert(1)>"'&{{7*7}}`;

describe.skipIf(!browserAvailable)('the forms of the dashboard in a real browser', () => {
  let browser: Browser;
  let upstream: FakeUpstream;
  let admin: AdminApp;
  let on: DashboardPage;
  let form: DashboardForms;

  beforeAll(async () => {
    upstream = await FakeUpstream.start({ keys: [GOOD, CANARY] });
    [browser, admin] = await Promise.all([
      launchBrowser(),
      startAdminApp({
        PROXY_ADMIN_TOKEN: TOKEN,
        PROXY_SECRET_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
        PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
        PROXY_UPSTREAM_BASE_URL: upstream.baseUrl,
        OPENAI_API_KEYS: `${GOOD},sk-nobody-knows-this-one`,
        OPENAI_RESOURCE_POOL_IDS: 'main,other',
      }),
    ]);
    on = await DashboardPage.open(browser, admin.url, { at: '/providers' });
    form = new DashboardForms(on);
  });
  afterAll(async () => {
    await browser.close();
    await admin.close();
    await upstream.stop();
  });

  const api = async <T>(path: string, method = 'GET'): Promise<T> => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    return (await (await fetch(`${admin.url}/admin/${path}`, { method, headers })).json()) as T;
  };

  it('a wrong admin token is told so, the right one leads to the page that was asked for', async () => {
    on.expect(/status of (?:400|401|503)/);
    await form.text('This proxy wants its admin token.', '[role=alert]');
    expect(admin.app.get(AdminRefusals).all()).toEqual([]);
    await form.signIn('a-wrong-token-that-is-long-enough-0123456789');
    await form.text('That is not the admin token of this proxy.', '[role=alert]');
    expect(admin.app.get(AdminRefusals).all()).toMatchObject([{ what: 'unauthorized', count: 1 }]);
    await form.signIn(TOKEN);
    await form.heading('Providers');
    await form.text('None is registered.');
  });

  it('a provider begins with a preset, is tested before it is saved, and keeps what was written when saving fails', async () => {
    await form.link('Register a provider').click();
    await form.heading('Register a provider');
    await form.field('Begin with').selectOption('azure-openai');
    expect(await form.field('Base URL (required)').inputValue()).toContain('{resource}');
    expect(await form.field('Name of the header (required)').inputValue()).toBe('api-key');
    await form.field('Begin with').selectOption('openai');
    await form.field('Name (required)').fill(HOSTILE);
    await form.field('Id').fill('team-one');
    await form.field('Base URL (required)').fill('not an address');
    await form.field('API key').fill(CANARY);
    await form.field('Pool').fill('team');
    await form.field('Organisation').fill('<svg/onload=alert(2)>');
    await form.field('Metadata').fill('{"owner": "<b>platform</b>"');
    await form.button('Register').click();
    expect(await form.complaint('Metadata')).toContain('not JSON');
    await form.field('Metadata').fill('{"owner": "<b>platform</b>"}');
    await form.button('Register').click();
    expect(await form.complaint('Base URL (required)')).toContain('base_url');
    expect(await form.field('API key').inputValue()).toBe(CANARY);
    expect(await form.field('Name (required)').inputValue()).toBe(HOSTILE);
    await form.field('Base URL (required)').fill(upstream.baseUrl);
    await form.button('Test').click();
    await form.text('It works.');
    expect(await on.page.locator('[data-step="authorization"]').innerText()).toContain('works');
    await on.screenshot('provider-form');
    await form.button('Register').click();
    await form.heading('Providers');
    const row = on.page.locator('#providers tbody tr');
    await row.getByText('gets requests').waitFor();
    await row.getByText('healthy').waitFor();
    await on.screenshot('providers');
    expect(await on.axe()).toEqual([]);
    expect(await row.innerText()).toContain(HOSTILE);
  });

  it('a change leaves the stored key alone, survives the live stream, and shows the key nowhere', async () => {
    await form.link(HOSTILE).click();
    await form.field('Weight').fill('3');
    await form.field('API key').fill('sk-half-typed');
    await form.nextLiveState(() => api('health/check', 'POST'));
    expect(await form.field('Weight').inputValue()).toBe('3');
    await on.page.locator('#pages').getByRole('link', { name: 'Audit' }).click();
    await form.heading('Audit');
    await form.visit('/providers/team-one', HOSTILE);
    await form.text('what you wrote then is not saved yet');
    expect(await form.field('Weight').inputValue()).toBe('3');
    expect(await form.field('API key').inputValue()).toBe('');
    expect(await form.field('API key').getAttribute('type')).toBe('password');
    await form.refuseOnce('providers/team-one', 503, 'The database is away.');
    await form.button('Save').click();
    await form.text('The database is away.', '[role=alert]');
    await form.refuseOnce('providers/team-one', 401, 'The token has been changed.');
    await form.button('Save').click();
    await form.text('The token has been changed.', '[role=alert]');
    await form.signIn(TOKEN);
    await form.heading(HOSTILE);
    expect(await form.field('Weight').inputValue()).toBe('3');
    await form.button('Save').click();
    await form.text('is saved');
    const row = await api<Record<string, unknown>>('providers/team-one');
    expect(row).toMatchObject({
      weight: 3,
      api_key_configured: true,
      metadata: { owner: '<b>platform</b>' },
    });
    expect(await on.page.content()).not.toContain(CANARY);
    await form.visit('/providers/team-one', HOSTILE);
    await form.field('Base URL (required)').fill('https://example.com/v1');
    await form.button('Test').click();
    expect(await form.complaint('API key')).toContain('Enter the key');
    await form.button('Save').click();
    expect(await form.complaint('Base URL (required)')).toContain('demands the key again');
    await form.button('Discard').click();
    await form.heading('Providers');
  });

  it('an alias is checked, tested, served by one provider, changed and removed', async () => {
    await form.visit('/models', 'Models and agents');
    await form.link('Register an alias').click();
    await form.field('Alias (required)').fill('no spaces here');
    await form.field('Stands for (required)').fill('gpt-5.5');
    await form.field('Name for people').fill(HOSTILE);
    await form.field('Fallbacks').fill('gpt-5.5-mini\n<i>gpt-4</i>');
    await form.field('Input').fill('1.25');
    await form.button('Register').click();
    expect(await form.complaint('Output')).toContain('too');
    await form.field('Output').fill('10');
    await form.button('Register').click();
    expect(await form.complaint('Alias (required)')).toContain('nothing else');
    await form.field('Alias (required)').fill('team-model');
    await form.field('one registered provider').check();
    await form.field('Provider (required)').selectOption('team-one');
    await form.button('Test').click();
    await form.text('It works.');
    await on.screenshot('model-form');
    await form.button('Register').click();
    await form.heading('Models and agents');
    const row = on.page.locator('#models tbody tr');
    await row.getByText('can be served').waitFor();
    await on.screenshot('models');
    expect(await on.axe()).toEqual([]);
    expect(await row.innerText()).toContain(HOSTILE);
    await row.getByRole('link', { name: 'team-model' }).click();
    await form.heading('team-model');
    await form.field('a pool').check();
    await form.field('Pool (required)').fill('main');
    await form.button('Save').click();
    await form.text('pool main', '#models');
    const { models } = await api<{ models: Record<string, unknown>[] }>('models');
    expect(models[0]).toMatchObject({
      provider_id: null,
      pool_id: 'main',
      fallbacks: ['gpt-5.5-mini', '<i>gpt-4</i>'],
      prices: { input: 1.25, output: 10, cached_input: null },
    });
  });

  it('a client key is shown once, and is nowhere when its page is left', async () => {
    await form.visit('/keys', 'Client keys');
    await form.link('Make a key').click();
    await form.text('This is the first key');
    await form.button('Make the key').click();
    expect(await form.complaint('Name (required)')).toContain('name must');
    await form.field('Name (required)').fill(HOSTILE);
    await form.field('US dollars a day (UTC)').fill('a lot');
    await form.button('Make the key').click();
    expect(await form.complaint('US dollars a day (UTC)')).toContain('number');
    await form.field('US dollars a day (UTC)').fill('25');
    await form.field('Tokens a month (UTC)').fill('1,000,000');
    await form.field('Valid until').fill('2031-05-01T12:00');
    await form.field('Pools').fill('main\n<svg/onload=alert(1)>');
    await form.button('Make the key').click();
    await form.heading('The key is made');
    const secret = await on.page.locator('[data-once]').innerText();
    expect(secret).toMatch(/^rpx_\w{20,}/);
    expect(await on.axe()).toEqual([]);
    await on.screenshot('key-once');
    await form.link('I have it').click();
    await form.heading('Client keys');
    await form.text(HOSTILE, '#keys');
    await on.page.goBack();
    await form.heading('Make a client key');
    const kept = await on.page.evaluate(
      'document.documentElement.outerHTML + JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, history.state])',
    );
    expect(kept).not.toContain(secret);
    expect(await form.field('Name (required)').inputValue()).toBe('');
    await form.visit('/keys', 'Client keys');
    await form.text('$25.00 of $25.00 left');
    await form.text('pools main, <svg/onload=alert(1)>; any model', '#keys');
    await form.text('1.0 M of 1.0 M tokens left');
    await form.link(HOSTILE).click();
    await form.field('Requests a minute').fill('60');
    expect(await form.faultsOfLooks('registry-key')).toEqual([]);
    await form.button('Save').click();
    await form.text('60 requests', '#keys');
    await on.screenshot('keys');
    await form.button('Revoke…').click();
    await form.button('Keep it').click();
    await form.button('Revoke…').click();
    await form.button('Revoke it').click();
    await form.text('revoked', '#keys');
  });

  it('diagnostics names the key that its upstream refuses, and how to mend it', async () => {
    await form.visit('/diagnostics', 'Diagnostics');
    const finding = on.page.locator('[data-finding="key_refused"]');
    expect(await finding.innerText()).toMatch(/openai-2[^]*section “Requests succeed but a 403 appears”/);
    const more = await finding.getByRole('link').getAttribute('href');
    expect(more).toBe('/docs/guide/troubleshooting#requests-succeed-but-a-403-appears');
    await finding.getByRole('button', { name: /^Copy/ }).waitFor();
    await form.text(upstream.models.join(', '), '#diagnosed-keys');
    await form.button('Run again').click();
    await form.button('Run again').waitFor();
    await on.page.getByText(/\d+ checks are ok/).click();
    await on.screenshot('diagnostics');
  });

  it('explain answers in words, says of each other why not, and its address asks it', async () => {
    await form.visit('/explain', 'Explain a route');
    await form.field('Model or alias').fill('team-model');
    await form.field('Previous response').fill('resp_<i>unknown</i>');
    await form.button('Explain').click();
    await form.text('It would go to openai-1');
    await form.text('<i>gpt-4</i>', '#fallbacks');
    const other = on.page.locator('table tbody tr', { hasText: 'openai-2' });
    expect(await other.innerText()).toContain('The alias is served by somebody else alone.');
    await on.go('/explain?asked=1&pool_id=no-such-pool');
    await form.text('It would go nowhere');
    expect(await form.field('Pool').inputValue()).toBe('no-such-pool');
    await on.page.goBack();
    await form.text('It would go to openai-1');
  });

  it('lists with rows and pages of one record keep to 390 px and pass axe, too', async () => {
    const { keys } = await api<{ keys: { id: string }[] }>('keys');
    const { models } = await api<{ models: { id: string }[] }>('models');
    const faults = await form.faultsOfPages([
      ['/providers', 'Providers', '#providers tbody tr'],
      ['/providers/team-one', HOSTILE, '.form'],
      ['/models', 'Models and agents', '#models tbody tr'],
      [`/models/${models[0]!.id}`, 'team-model', '.form'],
      [`/keys/${keys[0]!.id}`, HOSTILE, '.notice'],
    ]);
    expect(faults).toEqual([]);
  });

  it('what is removed is asked about first, and the log says who did it, without a secret', async () => {
    await form.visit('/models', 'Models and agents');
    await form.link('team-model').click();
    await form.button('Remove…').click();
    await form.button('Remove it').click();
    await form.text('team-model is removed.');
    await form.visit('/providers/team-one', HOSTILE);
    await form.button('Remove…').click();
    const dialog = on.page.getByRole('dialog');
    expect(await dialog.innerText()).toContain('Its stored key is deleted');
    expect(await on.axe()).toEqual([]);
    await on.screenshot('provider-remove');
    await on.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await form.visit('/audit', 'Audit');
    await form.text('provider created', '#audit');
    await form.text('admin token', '#audit');
    expect(await on.page.locator('#audit').innerHTML()).not.toContain(CANARY);
    await form.field('What').selectOption('provider.updated');
    await form.text('3', '#audit');
    await on.page.locator('#audit').getByText('provider created').waitFor({ state: 'detached' });
    expect(on.page.url()).toContain('action=provider.updated');
    await form.visit('/providers/team-one', HOSTILE);
    await form.button('Remove…').click();
    await form.button('Remove it').click();
    await form.text('None is registered.');
  });

  it('every page keeps to 390 px, passes axe in dark and light, and has made no error and no request elsewhere', async () => {
    expect(await form.faultsOfPages(PAGES_WITHOUT_RECORDS)).toEqual([]);
    expect(on.problems).toEqual([]);
  });
});
