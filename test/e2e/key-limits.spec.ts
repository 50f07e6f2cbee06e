import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import type { LoadEntry } from '../support/load-client.js';
import { key, Rig } from '../support/rig.js';
import { errorOf, type LimitedKey, LimitedKeys } from '../support/limited-keys.js';
import { describeWith } from '../support/skip.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';

const TOKEN = 'admin-token-for-key-limits-0123456789';
const WIDTH = 64;

let rig: Rig;
let keys: LimitedKeys;
beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a'), key('b')],
    upstream: { websocket: true },
    env: { PROXY_ADMIN_TOKEN: TOKEN },
  });
  keys = new LimitedKeys(rig, TOKEN);
});
afterAll(() => rig.stop());

const make = (terms: Record<string, unknown>): Promise<LimitedKey> => keys.make(terms);
const ask = (made: LimitedKey, model?: string): Promise<LoadEntry> => keys.ask(made, model);
const bearer = (made: LimitedKey): Record<string, string> => LimitedKeys.bearer(made);

async function spendAll(made: LimitedKey): Promise<number> {
  for (let sent = 0; ; sent += 1) {
    const seen = await ask(made);
    if (seen.status === 429) {
      expect(errorOf(seen).code).toBe('budget_exceeded');
      return sent;
    }
    expect(seen.status, seen.text).toBe(200);
  }
}

describe('the limits of a client key', () => {
  it(`${WIDTH} parallel requests overrun a budget by less than one request each`, async () => {
    const budget = 1_500;
    const made = await make({ daily_tokens: budget });
    const first = await ask(made);
    const seen = await Promise.all(Array.from({ length: WIDTH }, () => ask(made, 'fault:slow,ms=500')));
    const served = seen.filter(({ status }) => status === 200);
    const refused = seen.filter(({ status }) => status !== 200);
    expect(served.length).toBeGreaterThan(1);
    expect(served.length).toBeLessThan(WIDTH / 2);
    for (const one of refused) {
      expect([one.status, errorOf(one).code]).toEqual([429, 'key_rate_limited']);
      expect([one.headers['retry-after'], one.headers['x-should-retry']]).toEqual(['2', 'true']);
    }
    const more = await spendAll(made);
    const { today } = await keys.settled(made, 1 + served.length + more);
    const largest = Math.max(...served.map((one) => one.usage?.total_tokens ?? 0));
    console.log(
      `key-limits: budget ${budget}, used ${today.tokens}, overrun ${today.tokens - budget} tokens, ` +
        `largest request ${largest}, served ${served.length} of ${WIDTH} at once`,
    );
    expect(today.tokens).toBeGreaterThanOrEqual(budget);
    // What the estimates were short of, and the last one that was let in.
    const short = (one: LoadEntry): number =>
      Math.max(0, (one.usage?.total_tokens ?? 0) - (first.usage?.total_tokens ?? 0));
    const bound = largest + served.reduce((sum, one) => sum + short(one), 0);
    expect(today.tokens - budget).toBeLessThanOrEqual(bound);
    expect(bound).toBeLessThan(served.length * largest);
    const sql = `SELECT state, error_code FROM requests WHERE caller_id = '${made.id}' AND status_code = 429 ORDER BY 2`;
    const rows = await until(
      () => rig.history.rows<{ state: string; error_code: string }>(sql),
      (found) => found.length === refused.length + 1,
      { what: 'the rows of what was refused' },
    );
    expect(rows[0]).toEqual({ state: 'rejected', error_code: 'budget_exceeded' });
    for (const row of rows.slice(1))
      expect(row).toEqual({ state: 'rejected', error_code: 'key_rate_limited' });
  });

  it('a budget that is used up stays so over a restart, says when it ends, and is not to be waited for', async () => {
    const made = await make({ monthly_tokens: 300 });
    const sent = await spendAll(made);
    expect((await keys.settled(made, sent)).this_month.tokens).toBeGreaterThanOrEqual(300);
    const untold = await make({ monthly_tokens: 300 });
    const { usage } = rig.upstream;
    rig.upstream.usage = () => null;
    await ask(untold);
    rig.upstream.usage = usage;
    await keys.settled(untold, 1);
    await rig.proxy.kill9();
    await rig.proxy.restart();
    expect(errorOf(await ask(untold)).code).toBe('budget_exceeded');
    const seen = await ask(made);
    expect([seen.status, errorOf(seen).code]).toEqual([429, 'budget_exceeded']);
    expect([seen.headers['retry-after'], seen.headers['x-should-retry']]).toEqual([undefined, 'false']);
    expect(errorOf(seen).message).toMatch(
      /of 300 tokens this month \(UTC\)\. It begins anew at \d{4}-\d\d-01T00:00:00Z/,
    );
    const list = await rig.client.send({
      method: 'GET',
      path: '/v1/models',
      headers: bearer(made),
      body: null,
    });
    expect(list.status).toBe(200);
  });

  it('money counts by list prices; what nobody can price is told, and counts no money without a budget of it', async () => {
    const made = await make({ daily_tokens: 1_000_000 });
    for (let i = 0; i < 3; i += 1) expect((await ask(made, 'model-without-a-price')).status).toBe(200);
    await keys.admin(`keys/${made.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ daily_tokens: null, daily_cost_usd: 0.01 }),
    });
    const sent = await spendAll(made);
    const { today } = await keys.settled(made, 3 + sent);
    expect(today.cost_usd).toBeGreaterThanOrEqual(0.01);
    expect(today.cost_usd).toBeLessThan(0.02);
    expect(today.unpriced_requests).toBe(3);
    const { usage } = await keys.admin<{
      usage: { group: string; cost_usd: number; unpriced_requests: number }[];
    }>('usage?group_by=key');
    expect(usage.find(({ group }) => group === made.id)).toMatchObject({
      cost_usd: today.cost_usd,
      unpriced_requests: 3,
    });
  });

  it('a budget of money refuses a model that nobody knows the price of, until an alias of that name has one', async () => {
    const made = await make({ monthly_cost_usd: 5 });
    const model = 'model-nobody-prices';
    const client = await SocketClient.open(rig.proxy.url, bearer(made));
    const sent = (): number => rig.upstream.ledger.creates.length;
    const before = sent();
    const seen = await ask(made, model);
    expect([seen.status, errorOf(seen).code]).toEqual([403, 'price_unknown']);
    expect([seen.headers['retry-after'], seen.headers['x-should-retry']]).toEqual([undefined, 'false']);
    expect(errorOf(seen).message).toContain('"model-nobody-prices"');
    client.create({ model });
    const refusal = await until(
      () => client.events.find(({ type }) => type === 'error'),
      (found) => found !== undefined,
      { what: 'the refusal' },
    );
    expect(refusal).toMatchObject({ status: 403, error: { code: 'price_unknown', param: 'model' } });
    expect(sent()).toBe(before);
    const prices = { input: 1_000, output: 1_000 };
    const alias = { alias: model, upstream_id: model, prices, fallbacks: ['nobody-prices-this-either'] };
    await keys.admin('models', { method: 'POST', body: JSON.stringify(alias) });
    expect((await ask(made, model)).status).toBe(200);
    client.create({ model });
    expect((await client.ended(2))[1]).toMatchObject({ type: 'response.completed' });
    client.ws.close();
    expect((await keys.settled(made, 2)).today.cost_usd).toBeGreaterThan(0.1);
  });

  it('an answer that does not say what it took counts as what was set aside for it, also in the background', async () => {
    const { usage } = rig.upstream;
    for (const body of [{}, { stream: true }, { background: true }]) {
      const made = await make({ daily_tokens: 1_900 });
      const send = (): Promise<LoadEntry> => rig.client.send({ headers: bearer(made), body });
      rig.upstream.usage = () => null;
      const answers = [await send(), await send(), await send()];
      rig.upstream.usage = usage;
      expect([body, ...answers.map(({ status }) => status)]).toEqual([body, 200, 200, 429]);
      const { tokens } = (await keys.settled(made, 2)).today;
      expect([body, 'background' in body ? tokens === 0 : tokens >= 1_900]).toEqual([body, true]);
    }
  });

  it('requests a minute: the rest hears how long to wait, and a raised limit counts at once', async () => {
    const made = await make({ requests_per_minute: 5 });
    const seen = await Promise.all(Array.from({ length: 9 }, () => ask(made)));
    expect(seen.filter(({ status }) => status === 200)).toHaveLength(5);
    for (const one of seen.filter(({ status }) => status !== 200)) {
      expect([one.status, errorOf(one).code]).toEqual([429, 'key_rate_limited']);
      expect(Number(one.headers['retry-after'])).toBeGreaterThan(30);
      expect(Number(one.headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    await keys.admin(`keys/${made.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ requests_per_minute: 6 }),
    });
    expect([(await ask(made)).status, (await ask(made)).status]).toEqual([200, 429]);
  });

  it('when it was last used is noted, without an entry in the audit', async () => {
    const made = await make({});
    const entries = () => rig.history.rows<{ n: number }>('SELECT COUNT(*) AS n FROM audit_entries');
    await rig.proxy.restart();
    const before = await entries();
    await ask(made);
    const noted = await until(
      () => keys.shown(made.id),
      (one) => one.last_used_at !== null,
      { timeoutMs: 15_000, what: 'last_used_at' },
    );
    expect(Math.abs(Date.now() - (noted.last_used_at ?? 0))).toBeLessThan(60_000);
    expect(await entries()).toEqual(before);
  });

  it('hold for each response of a WebSocket', async () => {
    const made = await make({ daily_tokens: 1 });
    const client = await SocketClient.open(rig.proxy.url, bearer(made));
    client.create({});
    await client.ended();
    const sent = rig.upstream.ledger.creates.length;
    client.create({});
    const refusal = await until(
      () => client.events.find(({ type }) => type === 'error'),
      (found) => found !== undefined,
      { what: 'the refusal' },
    );
    expect(refusal).toMatchObject({
      status: 429,
      error: { code: 'budget_exceeded', type: 'usage_limit_reached' },
      headers: { 'x-should-retry': 'false' },
    });
    expect(rig.upstream.ledger.creates.length).toBe(sent);
    expect(client.closed).toBe(null);
    client.ws.close();
  });
});

describe('the limits of a client key over a WebSocket', () => {
  const steered = async (made: LimitedKey) => {
    const client = await SocketClient.open(rig.proxy.url, bearer(made));
    client.create({ model: 'plan:paced,n=200,interval=10' });
    await until(() => client.frames.length > 4);
    client.send({ type: 'response.steer', input: 'stop that' });
    return client;
  };

  it('count what the upstream begins by itself, as any other response', async () => {
    const client = await steered(await make({ requests_per_minute: 2 }));
    expect((await client.ended(2)).map(({ type }) => type)).toEqual([
      'response.incomplete',
      'response.completed',
    ]);
    client.create({});
    expect((await client.ended(3))[2]).toMatchObject({ status: 429, error: { code: 'key_rate_limited' } });
    client.ws.close();
  });

  it('let no more idle lanes ask for responses than the budget has room for', async () => {
    const made = await make({ daily_tokens: 3_000 });
    const client = await SocketClient.open(rig.proxy.url, bearer(made));
    const heard = (type: string): string[] =>
      client.events.filter((event) => event.type === type).map((event) => String(event['stream_id']));
    const lanes = Array.from({ length: 12 }, (_, n) => `lane-${n}`);
    for (const lane of lanes) client.send({ type: 'response.inject', input: 'go on', stream_id: lane });
    await until(() => heard('echo').length + heard('error').length === lanes.length);
    // Each may take a thousand tokens, as long as nobody knows better.
    expect(heard('echo')).toEqual(lanes.slice(0, 3));
    expect(client.ends()[0]).toMatchObject({ status: 429, error: { code: 'key_rate_limited' } });
    // What came to nothing is given back, and so is the rest with the connection.
    client.send({ type: 'response.steer', input: 'stop that', stream_id: 'lane-0' });
    client.ws.close();
    const other = await SocketClient.open(rig.proxy.url, bearer(made));
    for (const lane of lanes.slice(0, 8)) {
      await until(
        async () => {
          const before = other.events.length;
          other.send({ type: 'response.steer', input: 'stop that', stream_id: lane });
          await until(() => other.events.length > before);
          return other.events.at(-1)?.type;
        },
        (type) => type === 'response.steer.failed',
      );
    }
    other.ws.close();
  });

  it('are asked before a message goes upstream that a response may answer', async () => {
    const client = await steered(await make({ requests_per_minute: 1 }));
    expect((await client.ended())[0]).toMatchObject({ status: 429, error: { code: 'key_rate_limited' } });
    expect((await client.ended(2))[1]?.type).toBe('response.completed');
    expect(client.events.some(({ type }) => type === 'response.steer.accepted')).toBe(false);
    client.ws.close();
  });
});

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('Codex over its budget', () => {
  it('asks once and says so', async () => {
    const made = await make({ daily_tokens: 1 });
    await spendAll(made);
    const codex = new Codex(Codex.customProvider(rig.proxy.v1), made.key);
    const run = await codex.exec(['say hello']);
    codex.dispose();
    expect(run.code).not.toBe(0);
    expect(run.stdout).toMatch(/hit your usage limit.*Try again at/);
    // One of `spendAll`, one of Codex, which has ended.
    const sql = `SELECT id FROM requests WHERE caller_id = '${made.id}' AND error_code = 'budget_exceeded'`;
    const rows = await until(
      () => rig.history.rows<{ id: string }>(sql),
      (found) => found.length >= 2,
      { what: 'the row of what Codex asked' },
    );
    expect(rows).toHaveLength(2);
  });
});
