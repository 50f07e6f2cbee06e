import { expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { Rig, key } from '../support/rig.js';
import { until } from '../support/until.js';

const SESSIONS = Array.from({ length: 10 }, (_, i) => `without-sql-${i}`);

it('finds the key of a session again after kill -9 while Postgres cannot be reached', async () => {
  // Nobody listens there, neither before nor after.
  const url = `postgres://nobody:nothing@127.0.0.1:${await freePort()}/none`;
  const rig = await Rig.start({
    keys: ['1', '2', '3', '4'].map((name) => key(name)),
    env: { PROXY_DATABASE_URL: url },
  });
  const placeOf = async (session: string): Promise<unknown> => {
    const entry = await rig.client.send({ headers: { 'session-id': session }, body: {} });
    expect(entry.status).toBe(200);
    return entry.headers['x-proxy-resource-id'];
  };
  // All at once, so that the sessions spread over the keys.
  const before = await Promise.all(SESSIONS.map(placeOf));
  expect(new Set(before).size).toBeGreaterThan(1);
  const first = rig.client.entries[0];
  await rig.proxy.kill9();
  await rig.proxy.restart();
  expect((await rig.proxy.state()).affinity_count).toBeGreaterThan(0);
  expect(await Promise.all(SESSIONS.map(placeOf))).toEqual(before);
  const followUp = await rig.client.send({ body: { previous_response_id: first?.responseId } });
  expect(followUp.headers['x-proxy-resource-id']).toBe(first?.headers['x-proxy-resource-id']);
  await until(async () => (await fetch(`${rig.proxy.url}/readyz`)).status === 503);
  await rig.stop();
}, 60_000);
