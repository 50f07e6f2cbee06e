import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadEntry } from '../support/load-client.js';
import { demand, note, size } from '../support/release.js';
import { key, Rig } from '../support/rig.js';
import { type Ids, toldTo, UNKNOWN_IDS, type Way, WAYS_TO_NAME_AN_ID } from '../support/tenant-ways.js';

const TOKEN = 'admin-token-for-tenants-0123456789';
const TENANTS = ['alice', 'bob'] as const;
const WIDTH = 32;

type Tenant = (typeof TENANTS)[number];
const OTHER: Readonly<Record<Tenant, Tenant>> = { alice: 'bob', bob: 'alice' };

let rig: Rig;
const headers = {} as Record<Tenant, Record<string, string>>;
/** What each has been answered with. */
const heard: Record<Tenant, string> = { alice: '', bob: '' };
const made: Record<Tenant, string[]> = { alice: [], bob: [] };

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a'), key('b')],
    upstream: { ownership: 'key' },
    env: { PROXY_ADMIN_TOKEN: TOKEN },
  });
  for (const name of TENANTS) {
    const { key: secret } = await rig.proxy.admin<{ key: string }>('/admin/keys', {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    headers[name] = { authorization: `Bearer ${secret}` };
  }
});
afterAll(() => rig.stop());

const canary = (who: Tenant, n: number): string => `canary-of-${who}-${n}.`;

async function ask(n: number, abortAfterMs?: number): Promise<void> {
  const who: Tenant = TENANTS[n % 2] ?? 'alice';
  const previous = n % 5 === 4 ? made[who].at(-1) : undefined;
  const entry = await rig.client.send({
    headers: headers[who],
    body: {
      input: canary(who, n),
      stream: n % 3 !== 0,
      ...(abortAfterMs === undefined ? {} : { model: 'plan:paced,n=40,interval=2' }),
      ...(previous === undefined ? {} : { previous_response_id: previous }),
    },
    ...(abortAfterMs === undefined ? {} : { abortAfterMs }),
    keepText: true,
  });
  heard[who] += entry.text;
  if (abortAfterMs !== undefined) return;
  expect([n, entry.status, entry.error, entry.text.includes(canary(who, n))]).toEqual([n, 200, null, true]);
  if (entry.responseId !== null) made[who].push(entry.responseId);
}

async function run(total: number, one: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) await one(next++);
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
}

/** Answers of the one that hold anything of the other. */
const crossings = (): number => {
  let found = 0;
  for (const who of TENANTS) {
    if (heard[who].includes(`canary-of-${OTHER[who]}`)) found += 1;
    const others = new Set(made[OTHER[who]]);
    for (const id of made[who]) if (others.has(id)) found += 1;
    heard[who] = '';
  }
  return found;
};

describe('two tenants at once', () => {
  const interleaved = size(400, 10_000);
  it(`hear only of themselves in ${interleaved.toLocaleString('en')} interleaved requests`, async () => {
    await run(interleaved, (n) => ask(n));
    demand('S10', `foreign canaries in ${interleaved} interleaved requests`, crossings(), { exactly: 0 });
  }, 600_000);

  const aborted = size(200, 5_000);
  it(`hear only of themselves while ${aborted.toLocaleString('en')} requests are given up`, async () => {
    await run(aborted, (n) => ask(n, (n * 7) % 60));
    for (let n = 0; n < 40; n++) await ask(n);
    demand('S10', `foreign canaries in ${aborted} aborted requests`, crossings(), { exactly: 0 });
  }, 600_000);

  it(`get no crossing of 200: each tries the other’s ids in all of ${WAYS_TO_NAME_AN_ID.length} ways`, async () => {
    const owned = { alice: await belongings('alice'), bob: await belongings('bob') };
    const sent = rig.upstream.ledger.traffic.length;
    let crossed = 0;
    for (const who of TENANTS) {
      const other = OTHER[who];
      for (let n = 0; n < 100; n++) {
        const { method, path, body } = WAYS_TO_NAME_AN_ID[n % WAYS_TO_NAME_AN_ID.length] as Way;
        const seen = async (ids: Ids): Promise<LoadEntry> =>
          rig.client.send({
            headers: headers[who],
            method,
            path: path(ids),
            body: body?.(ids) ?? null,
            keepText: true,
          });
        // Another one's each time: the newest of those that the traffic before has made.
        const theirs = await seen({
          ...owned[other],
          response: made[other].at(-1 - n) ?? owned[other].response,
        });
        expect(theirs.status).toBe(404);
        if (
          theirs.text.includes('canary') ||
          !isDeepStrictEqual(toldTo(theirs), toldTo(await seen(UNKNOWN_IDS)))
        )
          crossed += 1;
      }
    }
    note('S10', 'ids tried by strangers', 200);
    note('S10', 'ways to name an id', WAYS_TO_NAME_AN_ID.length);
    demand('S10', 'crossings of 200', crossed, { exactly: 0 });
    demand('S10', 'of them sent upstream', rig.upstream.ledger.traffic.length - sent, { exactly: 0 });
  }, 60_000);
});

/** A response, an item and a conversation that are this tenant's own. */
async function belongings(who: Tenant): Promise<Ids> {
  const call = (path: string, body: Record<string, unknown>): Promise<LoadEntry> =>
    rig.client.send({ headers: headers[who], method: 'POST', path, body, keepText: true });
  const answer = JSON.parse((await call('/v1/responses', { input: canary(who, 0) })).text) as {
    id: string;
    output: { id: string }[];
  };
  const talk = JSON.parse((await call('/v1/conversations', {})).text) as { id: string };
  expect(answer.output[0]?.id).toMatch(/./);
  return { response: answer.id, item: answer.output[0]?.id ?? '', conversation: talk.id };
}
