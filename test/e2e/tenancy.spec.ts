import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { key, Rig } from '../support/rig.js';
import { SocketClient } from '../support/socket-client.js';
import { toldTo, UNKNOWN_IDS, WAYS_TO_NAME_AN_ID } from '../support/tenant-ways.js';
import { until } from '../support/until.js';

const TOKEN = 'admin-token-for-tenancy-0123456789';

let rig: Rig;
let alice: Record<string, string>;
let bob: Record<string, string>;
let response = '';
let conversation = '';
let item = '';

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a')],
    upstream: { websocket: true },
    env: { PROXY_ADMIN_TOKEN: TOKEN },
  });
  alice = await tenant('alice');
  bob = await tenant('bob');
  const made = await call(alice, 'POST', '/v1/responses', { input: 'of alice' });
  const answer = JSON.parse(made.text) as { id: string; output: { id: string }[] };
  response = answer.id;
  item = answer.output[0]?.id ?? '';
  const talk = await call(alice, 'POST', '/v1/conversations', {});
  conversation = (JSON.parse(talk.text) as { id: string }).id;
});
afterAll(() => rig.stop());

async function tenant(name: string): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const made = await rig.proxy.admin<{ key: string }>('/admin/keys', {
    method: 'POST',
    headers,
    body: JSON.stringify({ name }),
  });
  return { authorization: `Bearer ${made.key}` };
}

const call = (
  who: Record<string, string>,
  method: string,
  path: string,
  body: Record<string, unknown> | null = null,
) => rig.client.send({ headers: who, method, path, body, keepText: true });

describe('an id belongs to the client key it was made with', () => {
  it.each(WAYS_TO_NAME_AN_ID)(
    '%s: a stranger hears what of an unknown id, and nothing is sent',
    async ({ method, path, body }) => {
      const ids = { response, conversation, item };
      const before = rig.upstream.ledger.traffic.length;
      const hers = await call(bob, method, path(ids), body?.(ids) ?? null);
      const nobodys = await call(bob, method, path(UNKNOWN_IDS), body?.(UNKNOWN_IDS) ?? null);
      expect(hers.status).toBe(404);
      expect((JSON.parse(hers.text) as { error: { code: string } }).error.code).toBe('response_not_found');
      expect(toldTo(hers)).toEqual(toldTo(nobodys));
      expect(rig.upstream.ledger.traffic.length).toBe(before);
    },
  );

  it('a known id does not open the door to another one in the same request', async () => {
    const own = JSON.parse((await call(bob, 'POST', '/v1/responses', { input: 'of bob' })).text) as {
      id: string;
    };
    const before = rig.upstream.ledger.traffic.length;
    const seen = await call(bob, 'POST', '/v1/responses', {
      previous_response_id: own.id,
      input: [{ type: 'item_reference', id: item }],
    });
    expect(seen.status).toBe(404);
    expect(rig.upstream.ledger.traffic.length).toBe(before);
  });

  it('no number of own references hides another one behind them', async () => {
    const made = await call(bob, 'POST', '/v1/responses', { input: 'of bob' });
    const own = (JSON.parse(made.text) as { output: { id: string }[] }).output[0]?.id ?? '';
    const references = (count: number): object[] =>
      Array.from({ length: count }, () => ({ type: 'item_reference', id: own }));
    const before = rig.upstream.ledger.traffic.length;
    const input = [...references(40), { type: 'item_reference', id: item }];
    expect((await call(bob, 'POST', '/v1/responses', { input })).status).toBe(404);
    const many = await call(bob, 'POST', '/v1/responses', { input: references(1_025) });
    expect([many.status, many.text]).toEqual([400, expect.stringContaining('at most 1024 references')]);
    expect(rig.upstream.ledger.traffic.length).toBe(before);
  });

  it("its own conversation takes in its own items and nobody else's", async () => {
    const before = rig.upstream.ledger.traffic.length;
    const path = `/v1/conversations/${conversation}/items`;
    const reference = (id: string): object => ({ items: [{ type: 'item_reference', id }] });
    const own = await call(alice, 'POST', path, { ...reference(item) });
    expect([own.status, rig.upstream.ledger.traffic.length]).toEqual([200, before + 1]);
    const talk = JSON.parse((await call(bob, 'POST', '/v1/conversations', {})).text) as { id: string };
    const his = `/v1/conversations/${talk.id}/items`;
    const sent = rig.upstream.ledger.traffic.length;
    const hers = await call(bob, 'POST', his, { ...reference(item) });
    expect([hers.status, JSON.parse(hers.text)]).toMatchObject([
      404,
      { error: { code: 'response_not_found', param: 'items' } },
    ]);
    const items = Array.from({ length: 1_025 }, () => ({ type: 'item_reference', id: 'x' }));
    const many = await call(bob, 'POST', his, { items });
    expect([many.status, many.text]).toEqual([400, expect.stringContaining('at most 1024 references')]);
    expect(rig.upstream.ledger.traffic.length).toBe(sent);
  });

  it('its own caller goes on', async () => {
    expect((await call(alice, 'GET', `/v1/responses/${response}`)).status).toBe(200);
    expect((await call(alice, 'GET', `/v1/conversations/${conversation}`)).status).toBe(200);
    const next = await call(alice, 'POST', '/v1/responses', {
      previous_response_id: response,
      input: 'more',
    });
    expect(next.status, next.text).toBe(200);
  });

  it('over WebSocket too, where what the connection made itself may be continued though nobody stored it', async () => {
    const client = await SocketClient.open(rig.proxy.url, bob);
    const creates = rig.upstream.sockets.creates.length;
    client.create({ previous_response_id: response, input: 'x' });
    expect((await client.ended())[0]).toMatchObject({ type: 'error', error: { code: 'response_not_found' } });
    client.create({ store: false, input: 'one' });
    const [, first] = await client.ended(2);
    expect(first?.type).toBe('response.completed');
    const id = (first?.['response'] as { id: string } | undefined)?.id;
    client.create({ store: false, previous_response_id: id, input: 'two' });
    expect((await client.ended(3))[2]?.type).toBe('response.completed');
    client.create({ previous_response_id: response, input: 'x' });
    expect((await client.ended(4))[3]).toMatchObject({ error: { code: 'response_not_found' } });
    expect(rig.upstream.sockets.creates.length).toBe(creates + 2);
    client.ws.close();
  });

  it.each([
    ['an item', () => ({ type: 'response.inject', input: [{ type: 'item_reference', id: item }] })],
    ['a response', () => ({ type: 'response.steer', previous_response_id: response, input: 'x' })],
    ['a running response', () => ({ type: 'response.inject', response_id: response, input: [] })],
    ['a conversation', () => ({ type: 'response.unheard_of', conversation: { id: conversation } })],
    ['an item in a list', () => ({ items: [{ id: item }] })],
  ])('%s of a stranger is not named by any other WebSocket message either', async (_name, message) => {
    const client = await SocketClient.open(rig.proxy.url, bob);
    client.send({ ...message(), stream_id: 'a' });
    const refusal = (await client.ended())[0];
    expect(refusal).toMatchObject({ error: { code: 'response_not_found' }, stream_id: 'a' });
    client.send({ type: 'response.unheard_of', input: 'nothing named' });
    await until(() => client.events.some(({ type }) => type === 'echo'));
    expect(client.events.filter(({ type }) => type === 'echo')).toMatchObject([
      { got: 'response.unheard_of' },
    ]);
    expect(client.frames).toHaveLength(2);
    client.ws.close();
  });

  it('what a tenant names of its own goes up in any message: stored before, or running on the connection', async () => {
    const client = await SocketClient.open(rig.proxy.url, alice);
    const own = {
      previous_response_id: response,
      conversation,
      input: [{ type: 'item_reference', id: item }],
    };
    client.send({ type: 'response.unheard_of', ...own });
    await until(() => client.events.some(({ type }) => type === 'echo'));
    client.create({ model: 'plan:paced,n=200,interval=10' });
    await until(() => client.events.some(({ type }) => type === 'response.created'));
    const created = client.events.find(({ type }) => type === 'response.created');
    const id = (created?.['response'] as { id: string } | undefined)?.id;
    client.send({ type: 'response.inject', response_id: id, input: [] });
    client.send({ type: 'response.steer', previous_response_id: id, input: 'stop that' });
    expect((await client.ended(2)).map(({ type }) => type)).toEqual([
      'response.incomplete',
      'response.completed',
    ]);
    expect(client.events.filter(({ type }) => type === 'echo')).toHaveLength(2);
    client.ws.close();
  });
});
