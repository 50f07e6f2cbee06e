import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LockedSqlite } from '../support/locked-sqlite.js';
import { key, Rig } from '../support/rig.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';
import { messageItem } from '../support/upstream-replies.js';

const TOKEN = 'admin-token-for-own-ids-0123456789';
/** The least that can be configured. */
const REMEMBERED = 100;

let rig: Rig;
let alice: Record<string, string>;
let bob: Record<string, string>;

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a')],
    upstream: { websocket: true },
    env: { PROXY_ADMIN_TOKEN: TOKEN, PROXY_AFFINITY_MAX_ENTRIES: String(REMEMBERED) },
  });
  [alice, bob] = await Promise.all([tenant('alice'), tenant('bob')]);
});
afterAll(() => rig.stop());

async function tenant(name: string): Promise<Record<string, string>> {
  const { key: secret } = await rig.proxy.admin<{ key: string }>('/admin/keys', {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  return { authorization: `Bearer ${secret}` };
}

interface Item {
  readonly id: string;
}
const call = async (
  who: Record<string, string>,
  method: string,
  path: string,
  body: object | null = null,
) => {
  const seen = await rig.client.send({
    headers: who,
    method,
    path,
    body: body as Record<string, unknown> | null,
    keepText: true,
  });
  const json = JSON.parse(seen.text) as {
    id: string;
    output: Item[];
    data: Item[];
    error?: { code: string };
  };
  return { status: seen.status, json };
};
const reference = (id: string): object => ({ input: [{ type: 'item_reference', id }] });
const bound = (id: string): Promise<unknown> =>
  until(
    () => rig.history.rows(`SELECT id FROM affinity_bindings WHERE id = '${id}'`),
    (rows) => rows.length === 1,
  );

/** More ids than the process remembers. */
async function pushOut(): Promise<void> {
  const more = Array.from({ length: REMEMBERED / 2 + 1 }, () => call(bob, 'POST', '/v1/responses', {}));
  await Promise.all(more);
}

/** Until then what is not remembered may be anybody's. */
async function recorded(): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  await until(
    () => rig.proxy.admin<{ queue_depth: number }>('/admin/state', { headers }),
    (state) => state.queue_depth === 0,
  );
}

async function forget(): Promise<void> {
  await pushOut();
  await recorded();
}

describe("a tenant's own id is served", () => {
  it('after the process has forgotten it, and a stranger is not', async () => {
    const made = (await call(alice, 'POST', '/v1/responses', { input: 'of alice' })).json;
    const talk = (await call(alice, 'POST', '/v1/conversations', {})).json;
    const item = made.output[0]?.id ?? '';
    await bound(talk.id);
    const asks: readonly [string, string, object | null][] = [
      ['GET', `/v1/responses/${made.id}`, null],
      ['GET', `/v1/responses/${made.id}/input_items`, null],
      ['POST', '/v1/responses', { previous_response_id: made.id, input: 'more' }],
      ['POST', '/v1/responses', reference(item)],
      ['GET', `/v1/conversations/${talk.id}`, null],
    ];
    for (const [method, path, body] of asks) {
      await forget();
      expect([path, (await call(bob, method, path, body)).status]).toEqual([path, 404]);
      expect([path, (await call(alice, method, path, body)).status]).toEqual([path, 200]);
    }
  });

  it('for a moment as one to ask for again, where it was pushed out before its record was in the database', async () => {
    const lock = await LockedSqlite.take(join(rig.proxy.dataDir, 'proxy.sqlite3'));
    const made = (await call(alice, 'POST', '/v1/responses', { input: 'of alice' })).json;
    const asked = () => call(alice, 'GET', `/v1/responses/${made.id}`);
    await pushOut();
    const { status, json } = await asked();
    await lock.release();
    expect([status, json.error]).toMatchObject([503, { code: 'affinity_unavailable' }]);
    await until(async () => (await asked()).status === 200);
    await forget();
  });

  it('after an answer of a hundred items, whichever of them it names', async () => {
    const { script } = rig.upstream;
    rig.upstream.script = () => Array.from({ length: 100 }, (_, n) => messageItem(`item ${n}`));
    const { output } = (await call(alice, 'POST', '/v1/responses', { input: 'much' })).json;
    rig.upstream.script = script;
    expect(output).toHaveLength(100);
    await bound(output[99]?.id ?? '');
    const all = { input: output.map(({ id }) => ({ type: 'item_reference', id })) };
    expect((await call(alice, 'POST', '/v1/responses', all)).status).toBe(200);
    await recorded();
    expect((await call(bob, 'POST', '/v1/responses', reference(output[0]?.id ?? ''))).status).toBe(404);
  });

  it('after it was added to a conversation, unless its caller chose the id', async () => {
    const talk = (await call(alice, 'POST', '/v1/conversations', {})).json;
    const path = `/v1/conversations/${talk.id}/items`;
    const added = await call(alice, 'POST', path, { items: [{ role: 'user', content: 'hello' }] });
    const item = added.json.data[0]?.id ?? '';
    expect((await call(alice, 'POST', '/v1/responses', reference(item))).status).toBe(200);
    expect((await call(bob, 'POST', '/v1/responses', reference(item))).status).toBe(404);
    // Upstreams keep the id that an item comes with: a list is no proof of whose it was before.
    const his = (await call(bob, 'POST', '/v1/conversations', {})).json;
    const chosen = { items: [{ type: 'message', id: item, role: 'assistant', content: [] }] };
    const shown = await call(bob, 'POST', `/v1/conversations/${his.id}/items`, chosen);
    expect(shown.status).toBe(200);
    const listed = (await call(bob, 'GET', `/v1/conversations/${his.id}/items`)).json;
    expect(listed.data).toEqual(shown.json.data);
    for (const { id } of [{ id: item }, ...shown.json.data])
      expect((await call(bob, 'POST', '/v1/responses', reference(id))).status).toBe(404);
  });

  it('over a WebSocket while another response runs on it', async () => {
    const made = (await call(alice, 'POST', '/v1/responses', { input: 'of alice' })).json;
    await bound(made.id);
    const client = await SocketClient.open(rig.proxy.url, alice);
    client.create({ model: 'plan:paced,n=400,interval=10', stream_id: 'long' });
    await until(() => client.events.some(({ type }) => type === 'response.created'));
    await forget();
    client.create({ previous_response_id: made.id, input: 'more', stream_id: 'other' });
    const [first] = await client.ended();
    expect([first?.type, first?.['stream_id']]).toEqual(['response.completed', 'other']);
    client.ws.close();
  });

  it('in a WebSocket message that is no create, and what comes behind it keeps its place', async () => {
    const made = (await call(alice, 'POST', '/v1/responses', { input: 'of alice' })).json;
    await bound(made.id);
    await forget();
    for (const [who, told] of [
      [bob, ['error', 'echo', 'response.completed']],
      [alice, ['echo', 'echo', 'response.completed']],
    ] as const) {
      const client = await SocketClient.open(rig.proxy.url, who);
      client.send({ type: 'response.unheard_of', ...reference(made.output[0]?.id ?? '') });
      client.send({ type: 'response.unheard_of' });
      client.create({});
      await client.ended(told.filter((type) => type !== 'echo').length);
      const types = client.events.map(({ type }) => type);
      expect(types.filter((type) => /error|echo|completed/.test(type))).toEqual(told);
      client.ws.close();
    }
  });

  it('after a tool has worked in a sandbox of its own', async () => {
    const { script } = rig.upstream;
    const run = {
      id: 'ci_1',
      type: 'code_interpreter_call',
      status: 'completed',
      container_id: 'cntr_alice',
    };
    rig.upstream.script = () => [run];
    await call(alice, 'POST', '/v1/responses', { input: 'compute' });
    rig.upstream.script = script;
    for (const tool of [
      { type: 'code_interpreter', container: 'cntr_alice' },
      { type: 'shell', environment: { type: 'container_reference', container_id: 'cntr_alice' } },
    ]) {
      const body = { tools: [tool], input: 'go on' };
      expect([tool, (await call(alice, 'POST', '/v1/responses', body)).status]).toEqual([tool, 200]);
      const refused = await call(bob, 'POST', '/v1/responses', body);
      expect([tool, refused.status, refused.json.error]).toMatchObject([tool, 404, { param: 'tools' }]);
    }
    // What a conversation answers is what was put into it.
    const his = (await call(bob, 'POST', '/v1/conversations', {})).json;
    for (const named of [{}, { id: 'ci_2' }]) {
      const items = [{ type: 'code_interpreter_call', container_id: 'cntr_alice', ...named }];
      const shown = await call(bob, 'POST', `/v1/conversations/${his.id}/items`, { items });
      expect(shown.json.data).toMatchObject([{ container_id: 'cntr_alice' }]);
    }
    const body = { tools: [{ type: 'code_interpreter', container: 'cntr_alice' }], input: 'go on' };
    expect((await call(bob, 'POST', '/v1/responses', body)).status).toBe(404);
  });

  it('unless its name came in other capitals, which some upstreams take for the name', async () => {
    const sent = rig.upstream.ledger.traffic.length;
    for (const body of [
      { model: 'cheap', Model: 'dear' },
      { Previous_Response_Id: 'resp_1' },
      { input: [{ type: 'item_reference', ID: 'msg_1' }] },
    ]) {
      const { status, json } = await call(alice, 'POST', '/v1/responses', body);
      expect([body, status, json.error]).toMatchObject([body, 400, { code: 'invalid_field' }]);
    }
    expect(rig.upstream.ledger.traffic.length).toBe(sent);
  });

  it('after it was compacted, but not to who wrote it into what is compacted', async () => {
    const made = (await call(alice, 'POST', '/v1/responses', { input: 'of alice' })).json;
    const item = made.output[0]?.id ?? '';
    const input = [{ type: 'message', id: item, role: 'user', content: 'mine' }];
    for (const who of [bob, alice]) {
      const { json } = await call(who, 'POST', '/v1/responses/compact', { model: 'gpt-5.5', input });
      expect(json.output[0]).toEqual(input[0]);
    }
    expect((await call(bob, 'POST', '/v1/responses', reference(item))).status).toBe(404);
    expect((await call(alice, 'POST', '/v1/responses', reference(item))).status).toBe(200);
  });

  it('but what the upstream would put in its place for nothing but an id is a reference like any other', async () => {
    const made = (await call(alice, 'POST', '/v1/responses', { input: 'draw' })).json;
    const item = made.output[0]?.id ?? '';
    for (const type of ['image_generation_call', 'reasoning']) {
      const drawn = {
        input: [
          { type, id: item, summary: [] },
          { role: 'user', content: 'again' },
        ],
      };
      expect([type, (await call(bob, 'POST', '/v1/responses', drawn)).status]).toEqual([type, 404]);
      expect([type, (await call(alice, 'POST', '/v1/responses', drawn)).status]).toEqual([type, 200]);
    }
  });
});
