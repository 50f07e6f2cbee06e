import { afterAll, expect, it } from 'vitest';
import { compare, load, settledRows, SOUND } from '../support/ledgers.js';
import { LoadClient } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import type { ProxyProcess } from '../support/proxy-process.js';
import { TestRedis } from '../support/redis.js';
import { Rig, key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { pause, until } from '../support/until.js';
import { startWorker } from '../support/worker-process.js';

const REQUESTS = Number(process.env['RPX_WORKER_KILL9_REQUESTS'] ?? 600);
/** Longer than the lock of a batch (10 s) and the look for lost ones (5 s); 40 s is the full size. */
const FREEZE_MS = Number(process.env['RPX_WORKER_FREEZE_MS'] ?? 16_000);
const KILL_EVERY_MS = 2_000;
const binary = TestRedis.binary();

afterAll(() => stopPostgres());

interface Losses {
  /** By a signal. */
  kills: number;
  /** By itself, between a commit and telling of it. */
  failpoints: number;
  freezes: number;
}

/** It may be dead before it has said that it lives. */
const answers = (worker: ProxyProcess): Promise<boolean> =>
  fetch(`${worker.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Two workers, one of which dies every two seconds: half of them between a commit and telling of it. One is frozen once. */
async function killWorkers(workers: readonly ProxyProcess[], over: () => boolean): Promise<Losses> {
  const losses: Losses = { kills: 0, failpoints: 0, freezes: 0 };
  const [frozen, ...others] = workers;
  const freeze = async (): Promise<void> => {
    frozen?.signal('SIGSTOP');
    losses.freezes++;
    await pause(FREEZE_MS);
    frozen?.signal('SIGCONT');
  };
  const kill = async (worker: ProxyProcess): Promise<void> => {
    for (let turn = 0; !over(); turn++) {
      await pause(KILL_EVERY_MS);
      if (worker.running) losses.kills++;
      else losses.failpoints++;
      await worker.kill9();
      const failpoint = turn % 2 === 0 ? 'after_commit' : undefined;
      await worker.restart({ env: { PROXY_FAILPOINT: failpoint }, wait: false });
      await until(() => !worker.running || answers(worker), Boolean, { timeoutMs: 30_000, everyMs: 50 });
    }
  };
  await Promise.all([freeze(), ...others.map(kill)]);
  for (const worker of others)
    if (!worker.running) await worker.restart({ env: { PROXY_FAILPOINT: undefined } });
  return losses;
}

describeWith(binary !== null, 'a Redis server')('workers that die and freeze under load', () => {
  it('client ledger = upstream ledger = SQL, and the backlog is gone within a minute', async () => {
    const redis = await TestRedis.start(binary ?? '');
    const postgresUrl = await (await postgres()).createDatabase();
    const shared = { redisUrl: redis.url, postgresUrl };
    const workers = [await startWorker(shared), await startWorker(shared)];
    const env = { PROXY_REDIS_URL: redis.url };
    const rig = await Rig.start({ keys: [key('1'), key('2'), key('3')], postgresUrl, env });
    const client = new LoadClient(rig.proxy.url);
    let over = false;
    const killing = killWorkers(workers, () => over);
    const begun = performance.now();
    const sent = await load(client, REQUESTS);
    // However fast they are: the frozen worker's lock runs out, and the others die, while batches come.
    while (performance.now() - begun < FREEZE_MS) sent.push(...(await load(client, REQUESTS)));
    over = true;
    const ended = performance.now();
    await until(
      () => rig.proxy.state(),
      (s) => s.queue_depth === 0,
      { timeoutMs: 60_000, everyMs: 100, what: 'empty backlog' },
    );
    const emptyAfterMs = Math.round(performance.now() - ended);
    const losses = await killing;
    const rows = await settledRows(rig);
    const result = compare(rig, sent, rows);
    console.log('worker kill -9 ledger', JSON.stringify({ ...losses, emptyAfterMs, ...result }));
    expect(result).toMatchObject({ ...SOUND, acknowledged: sent.length, rows: sent.length, interrupted: 0 });
    expect(losses.failpoints).toBeGreaterThanOrEqual(1);
    expect(losses.kills + losses.failpoints).toBeGreaterThanOrEqual(2);
    client.close();
    await rig.stop();
    await Promise.all(workers.map((worker) => worker.dispose()));
    await redis.stop();
  }, 900_000);
});
