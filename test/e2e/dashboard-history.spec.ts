import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, DashboardPage, launchBrowser } from '../support/dashboard-page.js';
import type { PageOptions } from '../support/dashboard-page.js';
import { busyRig, recorded } from '../support/dashboard-traffic.js';
import type { Rig } from '../support/rig.js';
import { until } from '../support/until.js';

interface Row {
  readonly id: string;
  readonly state: string;
  readonly attempts: number | null;
  readonly stream: boolean | null;
  readonly response_id: string | null;
  readonly upstream_request_id: string | null;
}

const LIST = '#request-list tbody tr';

describe.skipIf(!browserAvailable)('the history in the dashboard, in a real browser', () => {
  let browser: Browser;
  let rig: Rig;
  const list = async (query = ''): Promise<readonly Row[]> =>
    (await rig.proxy.admin<{ requests: Row[] }>(`/admin/requests?limit=500${query}`)).requests;
  beforeAll(async () => {
    [browser, rig] = await Promise.all([launchBrowser(), busyRig()]);
  });
  afterAll(async () => {
    await browser.close();
    await rig.stop();
  });

  const open = (at: string, options: PageOptions = {}): Promise<DashboardPage> =>
    DashboardPage.open(browser, rig.proxy.url, { at, ...options });
  const rows = (page: Page): Promise<number> => page.locator(LIST).count();
  const send = async (): Promise<void> => {
    await rig.client.send({});
    await recorded(rig, rig.client.entries.length);
  };

  it('shows new requests without a reload, and none while it is paused', async () => {
    const [live, paused] = [await open('/requests'), await open('/requests')];
    await paused.page.locator(LIST).first().waitFor();
    await paused.page.getByRole('button', { name: 'Pause' }).click();
    await paused.page.getByText('Paused').waitFor();
    const before = await rows(paused.page);
    await send();
    await until(
      () => rows(live.page),
      (count) => count === before + 1,
      { what: 'the new row' },
    );
    expect(await rows(paused.page)).toBe(before);
    await paused.page.getByRole('button', { name: 'Pause' }).click();
    await until(
      () => rows(paused.page),
      (count) => count === before + 1,
      { what: 'the row missed' },
    );
    expect([...live.problems, ...paused.problems]).toEqual([]);
    await Promise.all([live.close(), paused.close()]);
  });

  it('narrows the list by what the address says, and says in the address what was chosen', async () => {
    const on = await open('/requests?state=upstream_error');
    await on.page.locator(LIST).first().waitFor();
    const failed = (await list('&state=upstream_error')).length;
    expect(await rows(on.page)).toBe(failed);
    expect(await on.page.getByLabel('State', { exact: true }).inputValue()).toBe('upstream_error');
    await on.page.getByLabel('Status', { exact: true }).fill('500');
    await on.page.keyboard.press('Enter');
    await until(
      () => rows(on.page),
      (count) => count === 1,
      { what: 'one request of 500' },
    );
    expect(on.page.url()).toContain('#/requests?state=upstream_error&status_code=500');
    await on.page.goBack();
    await until(
      () => rows(on.page),
      (count) => count === failed,
      { what: 'the list before' },
    );
    await on.page.getByRole('button', { name: 'Clear' }).click();
    await until(
      () => rows(on.page),
      (count) => count > failed,
      { what: 'everything' },
    );
    await on.page.getByLabel('Session', { exact: true }).fill('session-of-the-test');
    await on.page.keyboard.press('Enter');
    await until(
      () => rows(on.page),
      (count) => count === 4,
      { what: 'one session' },
    );
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('has an address for each page of a long list', async () => {
    const ids = (await list()).map(({ id }) => id);
    const shown = (page: Page): Promise<(string | null)[]> =>
      page.locator(LIST).evaluateAll((all) => all.map((row) => row.getAttribute('data-request')));
    const on = await open('/requests?limit=4');
    await on.page.locator(LIST).first().waitFor();
    expect(await shown(on.page)).toEqual(ids.slice(0, 4));
    await on.page.getByRole('link', { name: 'Older' }).click();
    await until(
      () => shown(on.page),
      (now) => now.join() === ids.slice(4, 8).join(),
      { what: 'the next four' },
    );
    await on.page.reload();
    await on.page.locator(LIST).first().waitFor();
    expect(await shown(on.page)).toEqual(ids.slice(4, 8));
    await on.page.getByRole('link', { name: 'Newest' }).click();
    await until(
      () => shown(on.page),
      (now) => now[0] === ids[0],
      { what: 'the newest' },
    );
    await on.close();
  });

  it('goes to whatever is put into the search box', async () => {
    const all = await list();
    const [first] = all;
    const answered = all.find((row) => row.response_id !== null)!;
    const itsPage = [`Request ${answered.id}`, `#/requests/${answered.id}`] as const;
    const on = await open('/');
    const cases: [text: string, heading: string, hash: string][] = [
      [first!.id, `Request ${first!.id}`, `#/requests/${first!.id}`],
      [answered.response_id!, ...itsPage],
      [answered.upstream_request_id!, ...itsPage],
      ['req_of_nobody', 'Requests', '#/requests?request_id=req_of_nobody'],
      ['loopback', 'Requests', '#/requests?caller_id=loopback'],
      ['session-of-the-test', 'Session fix the login test', '#/sessions/session-of-the-test'],
      ['500', 'Requests', '#/requests?status_code=500'],
      ['openai-1', 'Requests', '#/requests?resource_id=openai-1'],
      ['upstream error', 'Requests', '#/requests?state=upstream_error'],
      ['gpt-5.5', 'Requests', '#/requests?model=gpt-5.5'],
    ];
    const box = on.page.getByRole('searchbox');
    for (const [text, heading, hash] of cases) {
      await box.fill(text);
      await box.press('Enter');
      await until(
        () => on.page.url(),
        (url) => url.endsWith(hash),
        { what: hash },
      );
      await until(
        () => on.heading(),
        (now) => now === heading,
        { what: heading },
      );
    }
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('narrows decisions by how their requests ended and by any name of a request, in the address', async () => {
    const answered = (await list()).find((row) => row.response_id !== null)!;
    const on = await open('/decisions?status_code=429');
    await on.page.getByText('No decision is like that.').waitFor();
    const shown = on.page.locator('.decisions > li');
    await on.page.getByLabel('Status', { exact: true }).fill('500');
    await on.page.keyboard.press('Enter');
    await until(
      () => shown.count(),
      (count) => count === 2,
      { what: 'both attempts of the one with 500' },
    );
    expect(on.page.url()).toContain('#/decisions?status_code=500');
    await on.go(`/decisions?request_id=${answered.response_id}`);
    await until(
      () => shown.count(),
      (count) => count > 0 && count < 3,
      { what: 'the decisions of the one' },
    );
    await on.page.locator('summary').first().click();
    await on.page.locator(`a[title="${answered.id}"]`).first().waitFor();
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('tells the life of a request, why it moved, and shows its bodies as text on demand', async () => {
    const all = await list();
    const retried = all.find((row) => row.attempts === 2)!;
    const on = await open(`/requests/${retried.id}`);
    await on.page.getByText('Attempt 2 on openai-').waitFor();
    const timeline = await on.page.locator('.timeline').innerText();
    expect(timeline).toMatch(/Attempt 1 on openai-\d.*Attempt 2 on openai-\d.*First byte.*End: completed/s);
    expect(await on.page.locator('.decision').count()).toBe(2);
    expect(await on.page.locator('.decision').last().innerText()).toMatch(/takes over.*chosen/s);
    expect(await on.page.getByRole('table', { name: 'Attempts' }).innerText()).toContain(
      'so the request went to another',
    );
    expect(await on.page.locator('pre.text').count()).toBe(0);
    await on.page.getByRole('button', { name: 'Show request body' }).click();
    await on.page.getByText('"input": "one key is busy"').waitFor();
    await on.go(`/requests/${all.find((row) => row.stream === true)!.id}`);
    await on.page.getByRole('button', { name: 'Show response body' }).click();
    const said = on.page.locator('[data-body=response] pre');
    await said.waitFor();
    expect(await said.innerText()).toMatch(/^Answer \d+: you said word word/);
    await on.page.getByLabel('As it was').check();
    await on.page.getByText('event: response.completed').waitFor();
    const download = on.page.waitForEvent('download');
    await on.page.locator('[data-body=response]').getByRole('button', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toMatch(/^req_\w+-response\.txt$/);
    const body = gzipSync(JSON.stringify({ model: 'gpt-5.5', input: 'sent as gzip' }));
    const coded = await rig.client.send({ body, headers: { 'content-encoding': 'gzip' } });
    await recorded(rig, rig.client.entries.length);
    await on.go(`/requests/${coded.proxyRequestId}`);
    await on.page.getByRole('button', { name: 'Show request body' }).click();
    await on.page.getByText('"input": "sent as gzip"').waitFor();
    expect(on.problems).toEqual([]);
    await on.close();
  });

  it('adds up a session: its turns, its sub-agent, its keys', async () => {
    const on = await open('/sessions');
    await on.page.getByRole('link', { name: 'fix the login test' }).click();
    await on.page.locator('#turns tbody tr').first().waitFor();
    expect(await on.page.locator('#turns tbody tr').count()).toBe(4);
    expect(await on.page.getByRole('table', { name: 'Threads' }).innerText()).toMatch(
      /sub-agent of thread-main/,
    );
    expect(await on.page.getByRole('table', { name: 'Keys it used' }).innerText()).toMatch(/openai-\d\s+4\s/);
    await on.page.locator('#children').getByRole('link', { name: 'read the logs' }).click();
    await on.page.getByRole('link', { name: 'thread-main' }).waitFor();
    await on.go('/usage?group_by=resource');
    // Which key it is, chance decided.
    const resource = on.page
      .locator('#usage')
      .getByRole('link', { name: /^openai-/ })
      .first();
    const id = await resource.innerText();
    await resource.click();
    await until(
      () => on.page.url(),
      (url) => url.endsWith(`#/requests?resource_id=${id}&since=24h`),
    );
    await on.close();
  });

  it('is walked by keyboard: skip link, pages, focus on their heading', async () => {
    const on = await open('/');
    await on.page.locator('.tiles').waitFor();
    const focused = (): Promise<string> =>
      on.page.evaluate('document.activeElement.id || document.activeElement.textContent');
    await on.page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await on.page.keyboard.press('Enter');
    expect(await focused()).toBe('main');
    expect(new URL(on.page.url()).hash).toBe('#/');
    await on.page.getByRole('link', { name: 'Decisions', exact: true }).focus();
    await on.page.keyboard.press('Enter');
    // The link has the same text as the heading.
    await until(
      () =>
        on.page.evaluate<string>('`${document.activeElement.tagName} ${document.activeElement.textContent}`'),
      (now) => now === 'H1 Decisions',
      { what: 'focus on the heading' },
    );
    expect(await on.page.title()).toBe('Decisions · Responses Proxy');
    expect(await on.page.locator('[aria-current=page]').innerText()).toBe('Decisions');
    await on.go('/no/such');
    await until(
      () => on.heading(),
      (now) => now === 'No such page',
    );
    expect(on.problems).toEqual([]);
    await on.close();
  });
});
