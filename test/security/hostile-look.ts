import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { DashboardPage } from '../support/dashboard-page.js';
import { until } from '../support/until.js';

/** What nothing that is shown may become. */
const GROWN = 'script, style, iframe, img, svg, object, embed, link, base, meta, video, math, body';
const SEEN = `({
  text: document.querySelector('main').innerText,
  written: [...document.querySelectorAll('main :is(input, textarea, [title])')].map((one) => one.value ?? one.title).join('\\n'),
  grown: document.querySelectorAll('#app :is(${GROWN})').length,
  hit: String(globalThis.pwned),
  sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  reading: [...document.querySelectorAll('main [role=status]')].some((one) => one.textContent.startsWith('Reading ')),
})`;

interface Seen {
  readonly text: string;
  readonly written: string;
  readonly grown: number;
  readonly hit: string;
  readonly sideways: number;
  readonly reading: boolean;
}

/** Goes through the pages of a dashboard that is full of hostile texts: each is shown, and nothing comes of it. */
export class HostileLook {
  /** What the pages said, and what their fields and titles held. */
  shown = '';
  pages = 0;

  private constructor(private readonly on: DashboardPage) {}

  static async open(browser: Browser, url: string): Promise<HostileLook> {
    return new HostileLook(await DashboardPage.open(browser, url, { at: '/explain' }));
  }

  /** Until `ready` is there and everything on the page has been read. */
  async at(at: string, ready: string): Promise<void> {
    await this.on.go(at);
    await this.on.page.locator(ready).first().waitFor();
    await this.#take(at);
  }

  /** The page of one record; there may have been one of the same kind before. */
  async detail(at: string, api: string, ready: string): Promise<void> {
    const answered = this.on.page.waitForResponse((answer) => new URL(answer.url()).pathname === api);
    await this.on.go(at);
    await (await answered).finished();
    await this.on.page.evaluate('new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))');
    await this.at(at, ready);
  }

  /** Presses every button of that name, each of which is called something else then, and looks again. */
  async press(name: RegExp, ready: string): Promise<void> {
    const { page } = this.on;
    const buttons = page.getByRole('button', { name });
    for (let left = await buttons.count(); left > 0; left--) {
      await buttons.first().click();
      await until(
        () => buttons.count(),
        (count) => count < left,
        { what: `${String(name)} pressed` },
      );
    }
    await this.at(await page.evaluate<string>('location.hash.slice(1)'), ready);
  }

  async unfold(): Promise<void> {
    await this.on.page.evaluate(
      'document.querySelectorAll("main details").forEach((one) => (one.open = true))',
    );
    await this.#take('unfolded');
  }

  /** Errors, dialogs, and requests to anywhere else. */
  get problems(): readonly string[] {
    return this.on.problems;
  }

  async close(): Promise<void> {
    await this.on.close();
  }

  async #take(at: string): Promise<void> {
    const seen = await until(
      () => this.on.page.evaluate<Seen>(SEEN),
      ({ reading }) => !reading,
      { what: `${at} to be read` },
    );
    const { grown, hit, sideways } = seen;
    expect({ at, grown, hit, sideways }).toEqual({ at, grown: 0, hit: 'undefined', sideways: 0 });
    this.shown += `${seen.text}\n${seen.written}\n`;
    this.pages += 1;
  }
}
