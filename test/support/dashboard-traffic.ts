import { Rig, key } from './rig.js';
import { UpstreamCache } from './upstream-cache.js';
import { until } from './until.js';

const MAIN = { 'session-id': 'session-of-the-test', 'thread-id': 'thread-main' };
const AGENT = { ...MAIN, 'thread-id': 'thread-agent', 'x-codex-parent-thread-id': 'thread-main' };

/** A proxy that has seen what a dashboard must show: turns, a sub-agent, a retry, failures, streams. */
export async function busyRig(): Promise<Rig> {
  const rig = await Rig.start({ keys: [key('1'), key('2')] });
  rig.upstream.usage = new UpstreamCache().usage;
  const turn = (n: number, headers: Record<string, string>, stream = true) =>
    rig.client.send({
      headers: { 'x-proxy-session-name': 'fix the login test', ...headers },
      body: { stream, prompt_cache_key: headers['thread-id'], input: 'word '.repeat(1_200 * n) },
    });
  for (let n = 1; n <= 3; n++) await turn(n, MAIN);
  await turn(1, AGENT);
  const apart = { 'session-id': 'session-of-an-agent', 'x-proxy-session-name': 'read the logs' };
  await turn(1, { ...apart, 'x-codex-parent-thread-id': 'thread-main' });
  rig.upstream.faults.set('*', 'fault:429,retry=600', { times: 1 });
  await rig.client.send({ body: { input: 'one key is busy' } });
  for (const fault of ['400', '500', 'eof']) await rig.client.send({ body: { model: `fault:${fault}` } });
  await rig.client.send({ body: '{"model":' });
  await recorded(rig, rig.client.entries.length);
  return rig;
}

/** Until so many requests have ended in SQL. */
export async function recorded(rig: Rig, count: number): Promise<void> {
  await until(
    () => rig.proxy.admin<{ requests: { state: string }[] }>('/admin/requests?limit=500'),
    ({ requests }) => requests.filter(({ state }) => state !== 'in_progress').length >= count,
    { timeoutMs: 10_000, what: `${count} requests in SQL` },
  );
}
