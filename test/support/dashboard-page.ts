import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const CHROMIUM = process.env['RPX_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
/** A name that leads to this machine, as if it were another. */
export const ELSEWHERE = 'proxy.example';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
  `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
];
const SCREENSHOTS = process.env['RPX_SCREENSHOTS'] ?? '.cache/screenshots';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** For `describe.skipIf(!browserAvailable)`. */
export const browserAvailable = existsSync(CHROMIUM);
if (!browserAvailable && process.env['CI'] !== undefined) throw new Error(`no browser at ${CHROMIUM}`);
if (!browserAvailable)
  console.warn(`SKIPPED: dashboard tests, no browser at ${CHROMIUM} (set RPX_TEST_CHROMIUM)`);

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** The part behind `#`, as `/requests?state=failed`. */
  readonly at?: string;
}

export interface Violation {
  readonly rule: string;
  readonly help: string;
  readonly where: readonly string[];
}

/** A page of the dashboard that notes whatever it should not do. */
export class DashboardPage {
  /** Errors of the console and of scripts, dialogs, and requests to anywhere but the proxy. Empty = all is well. */
  readonly problems: string[] = [];
  readonly #expected: RegExp[] = [];

  private constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  static async open(browser: Browser, url: string, options: PageOptions = {}): Promise<DashboardPage> {
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1280, height: options.height ?? 860 },
      colorScheme: options.dark === true ? 'dark' : 'light',
    });
    const opened = new DashboardPage(page, url);
    opened.#watch();
    await page.goto(`${url}/${options.at === undefined ? '' : `#${options.at}`}`);
    return opened;
  }

  /** What the test brings about itself, as the browser's own line about an answer of 400. */
  expect(problem: RegExp): void {
    this.#expected.push(problem);
  }

  /** To another page without a reload. */
  async go(at: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(at)}`);
  }

  /** The page's h1. */
  heading(): Promise<string> {
    return this.page.locator('main h1').innerText();
  }

  /** What axe-core finds against WCAG 2 AA and its good practice; [] = nothing. */
  async axe(): Promise<Violation[]> {
    if (!(await this.page.evaluate('"axe" in globalThis'))) await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(
            options: object,
          ): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
        };
      };
      return (await axe.run({ resultTypes: ['violations'] })).violations;
    });
    return found.map(({ id, help, nodes }) => ({
      rule: id,
      help,
      where: nodes.map(({ html }) => html.slice(0, 200)),
    }));
  }

  /** How many pixels the page is wider than its window: 0 = nobody need scroll sideways. */
  sideways(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  #watch(): void {
    const { page } = this;
    page.on('request', (request) => {
      const to = request.url();
      if (!to.startsWith(`${this.url}/`) && !/^(?:data|blob):/.test(to)) this.#note(`request to ${to}`);
    });
    page.on('console', (message) => {
      // What a browser says of any page over plain HTTP from another machine.
      const plainHttp = message.text().startsWith('The Cross-Origin-Opener-Policy header has been ignored');
      if (message.type() === 'error' && !plainHttp) this.#note(message.text());
    });
    page.on('pageerror', (error) => this.#note(error.message));
    page.on('dialog', (dialog) => {
      this.#note(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => undefined);
    });
  }

  #note(problem: string): void {
    if (!this.#expected.some((pattern) => pattern.test(problem))) this.problems.push(problem);
  }
}
