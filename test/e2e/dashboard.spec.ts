import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAdminApp, type AdminApp } from '../support/admin-app.js';

const CHROMIUM = process.env['RPX_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TOKEN = 'a-token-that-is-long-enough-for-tests-0123456789';
const available = existsSync(CHROMIUM);
if (!available && process.env['CI'] !== undefined) throw new Error(`no browser at ${CHROMIUM}`);
if (!available) console.warn(`SKIPPED: dashboard tests, no browser at ${CHROMIUM} (set RPX_TEST_CHROMIUM)`);

describe.skipIf(!available)('the dashboard in a real browser', () => {
  let browser: Browser;
  const apps: AdminApp[] = [];
  const start = async (env: Record<string, string>): Promise<AdminApp> => {
    const admin = await startAdminApp(env);
    apps.push(admin);
    return admin;
  };
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser.close();
    for (const admin of apps) await admin.close();
  });

  it('tells the next step when no key is configured, without errors and without going elsewhere', async () => {
    const admin = await start({});
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    const elsewhere: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(admin.url) && !request.url().startsWith('data:'))
        elsewhere.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(admin.url);
    await page.getByText('export OPENAI_API_KEY').waitFor();
    await page.getByText('not ready: no key').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect({ elsewhere, errors }).toEqual({ elsewhere: [], errors: [] });
    await page.goto(`${admin.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    expect({ elsewhere, errors }).toEqual({ elsewhere: [], errors: [] });
    await page.close();
  });

  it('asks for the admin token and shows the resources once it has it', async () => {
    const admin = await start({ PROXY_ADMIN_TOKEN: TOKEN });
    const page = await browser.newPage();
    await page.goto(admin.url);
    await page.getByLabel('Admin token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText('not ready: no key').waitFor();
    expect(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length')).toBe(
      0,
    );
    await page.close();
  });
});
