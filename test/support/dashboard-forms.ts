import type { Locator } from 'playwright-core';
import type { DashboardPage } from './dashboard-page.js';

type PageToSee = readonly [at: string, name: string, ready: string];

/** What there is to see of the registry and of operation whether or not anything is registered. */
export const PAGES_WITHOUT_RECORDS: readonly PageToSee[] = [
  ['/providers/+new', 'Register a provider', '.form'],
  ['/models/+new', 'Register an alias', '.form'],
  ['/keys', 'Client keys', '#keys'],
  ['/keys/+new', 'Make a client key', '.form'],
  ['/audit', 'Audit', '#audit'],
  ['/diagnostics', 'Diagnostics', '#diagnosed-keys'],
  ['/explain?asked=1', 'Explain a route', 'table'],
  ['/no/such', 'No such page', 'main code'],
];

/** Fills in the forms of the dashboard as somebody does who goes by their labels. */
export class DashboardForms {
  constructor(readonly on: DashboardPage) {}

  field(label: string): Locator {
    return this.on.page.getByLabel(label, { exact: true });
  }

  button(name: string): Locator {
    return this.on.page.getByRole('button', { name, exact: true });
  }

  link(name: string): Locator {
    return this.on.page.getByRole('link', { name });
  }

  async heading(name: string): Promise<void> {
    await this.on.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }

  /** Until it is shown. */
  async text(text: string | RegExp, within = 'body'): Promise<void> {
    await this.on.page.locator(within).getByText(text).first().waitFor();
  }

  async visit(at: string, name: string): Promise<void> {
    await this.on.go(at);
    await this.heading(name);
  }

  async signIn(token: string): Promise<void> {
    await this.field('Admin token (PROXY_ADMIN_TOKEN)').fill(token);
    await this.on.page.keyboard.press('Enter');
  }

  /** What is said to be wrong with the field that has the focus, as it is tied to it for whoever hears it. */
  async complaint(label: string): Promise<string> {
    const field = this.field(label);
    await this.on.page.locator('[aria-invalid="true"]:focus').waitFor();
    const ids = (await field.getAttribute('aria-describedby')) ?? '';
    return this.on.page.locator(`[id="${ids.split(' ').at(-1)}"][role="alert"]`).innerText();
  }

  /** Until the live stream has told what was brought about. */
  async nextLiveState(bringAbout: () => Promise<unknown>): Promise<void> {
    const status = this.on.page.locator('header .status');
    const before = (await status.textContent()) ?? '';
    await bringAbout();
    await this.on.page.locator('header .status', { hasNotText: before }).waitFor();
  }

  /** The next change of a record is answered so, in place of the proxy. */
  async refuseOnce(path: string, status: number, message: string): Promise<void> {
    const json = { error: { message, type: 'server_error', param: null, code: 'imagined' } };
    await this.on.page.route(
      `**/admin/${path}`,
      (to) => (to.request().method() === 'PATCH' ? to.fulfill({ status, json }) : to.fallback()),
      { times: 1 },
    );
  }

  /** The same of several pages, each with its heading and what shows that it has been read. */
  async faultsOfPages(pages: readonly PageToSee[]): Promise<object[]> {
    const found: object[] = [];
    for (const [at, name, ready] of pages) {
      await this.visit(at, name);
      await this.on.page.locator(ready).first().waitFor();
      const faults = await this.faultsOfLooks(`registry-${at.replaceAll(/[^a-z]+/g, '-').slice(1)}`);
      if (faults.length > 0) found.push({ at, faults });
    }
    return found;
  }

  /** What axe finds wide in light and narrow in dark, and how far one would have to scroll sideways; [] = nothing. */
  async faultsOfLooks(name: string): Promise<unknown[]> {
    const faults: unknown[] = [];
    for (const dark of [false, true]) {
      await this.on.page.setViewportSize({ width: dark ? 390 : 1280, height: 860 });
      await this.on.page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
      faults.push(...(await this.on.axe()));
      const sideways = await this.on.sideways();
      if (sideways > 0) faults.push({ dark, sideways });
      await this.on.screenshot(`${name}-${dark ? '390-dark' : 'light'}`);
    }
    return faults;
  }
}
