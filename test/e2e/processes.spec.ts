import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoadClient } from '../support/load-client.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { TestRedis } from '../support/redis.js';
import { Rig } from '../support/rig.js';
import { runCli } from '../support/run-cli.js';
import { describeWith } from '../support/skip.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';

const binary = TestRedis.binary() ?? '';
const LISTENING = /^listening on /;

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

const lives = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describeWith(binary !== '', 'a Redis server')('two processes on one port', () => {
  let rig: Rig;
  let redis: TestRedis;
  const everybody = new Set<number>();

  beforeAll(async () => {
    redis = await TestRedis.start(binary);
    rig = await Rig.start({
      upstream: { websocket: true },
      env: { PROXY_PROCESSES: '2', PROXY_REDIS_URL: redis.url, PROXY_IN_PROCESS_WORKER: 'on' },
    });
    await both();
  }, 60_000);
  afterAll(async () => {
    await rig.stop();
    await redis.stop();
  });

  /** Two that serve and know each other; their process ids. */
  async function both(): Promise<number[]> {
    await until(
      async () => (await rig.proxy.admin<{ replicas: unknown[] }>('/admin/state')).replicas.length,
      (n) => n >= 2,
      { timeoutMs: 30_000, what: 'two replicas' },
    );
    await until(scraped, (places) => places.join() === '1,2', { timeoutMs: 30_000, what: 'two in /metrics' });
    const pids = childrenOf(rig.proxy.pid);
    for (const pid of pids) everybody.add(pid);
    return pids;
  }

  async function samples(name: string): Promise<string[]> {
    const text = await (await fetch(`${rig.proxy.url}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(`${name}{`));
  }

  /** Places of the processes that /metrics tells of. */
  const scraped = async (): Promise<string[]> =>
    (await samples('rpx_in_flight')).map((line) => /process="(\d+)"/.exec(line)?.[1] ?? '');

  const counted = async (): Promise<number[]> => {
    const lines = await samples('rpx_requests_total');
    return lines.map((line) => Number(line.split(' ').at(-1)));
  };

  const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

  /** Each on a connection of its own, so that they come to both processes. */
  async function send(count: number): Promise<number> {
    const clients = Array.from({ length: count }, () => new LoadClient(rig.proxy.url));
    const seen = await Promise.all(
      clients.map((client, n) => client.send({ body: { stream: n % 2 === 0 } })),
    );
    for (const client of clients) client.close();
    return seen.filter(({ acknowledged, status }) => acknowledged && status === 200).length;
  }

  async function recorded(count: number): Promise<void> {
    const rows = await until(
      () => rig.history.rows<{ id: string; state: string }>('SELECT id, state FROM requests'),
      (all) => all.length >= count && all.every(({ state }) => state === 'completed'),
      { timeoutMs: 20_000, what: `${count} records` },
    );
    expect([rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([count, count]);
  }

  it('share requests and sockets, record each once, and answer /metrics for each other', async () => {
    expect(await send(40)).toBe(40);
    await recorded(40);
    const shares = await counted();
    expect(shares.length).toBe(2);
    expect(sum(shares)).toBe(40);
    expect(rig.upstream.ledger.creates.length).toBe(40);
    const socket = await SocketClient.open(rig.proxy.url);
    socket.create({ model: 'gpt-5.5' });
    await socket.ended();
    socket.ws.terminate();
    await recorded(41);
    expect(rig.proxy.logs.filter(({ msg }) => LISTENING.test(String(msg)))).toMatchObject([{ processes: 2 }]);
  }, 60_000);

  it('go on when one is killed, which is replaced', async () => {
    const [victim = 0] = await both();
    const before = rig.upstream.ledger.creates.length;
    process.kill(victim, 'SIGSTOP');
    const sent = send(10);
    try {
      // One waits for the process that does not move, and must not be lost with it.
      await until(
        () => rig.upstream.ledger.creates.length,
        (n) => n === before + 9,
      );
    } finally {
      // Stopped, it would hear nothing of the end of the suite.
      process.kill(victim, 'SIGKILL');
    }
    expect(await sent).toBe(10);
    const now = await until(
      () => childrenOf(rig.proxy.pid),
      (pids) => pids.length === 2 && !pids.includes(victim),
      { timeoutMs: 10_000, what: 'the replacement' },
    );
    for (const pid of now) everybody.add(pid);
    await both();
    expect(await send(10)).toBe(10);
    await recorded(61);
    expect(rig.proxy.logs.filter(({ event }) => event === 'process.ended')).toMatchObject([
      { pid: victim, signal: 'SIGKILL', again_in_ms: 100 },
    ]);
  }, 60_000);

  it('deal nothing more to one that is told to stop, which ends its streams and is replaced', async () => {
    const pids = await both();
    const running = Array.from({ length: 4 }, () => new LoadClient(rig.proxy.url));
    const answers = running.map((client) =>
      client.send({ body: { model: 'plan:paced,n=40,interval=50', stream: true } }),
    );
    const open = (): number =>
      rig.upstream.ledger.creates.filter((a) => a.responseBytes > 0 && a.ended === 'open').length;
    await until(open, (n) => n === 4);
    const [told = 0] = pids;
    process.kill(told, 'SIGTERM');
    for (let i = 0; i < 5; i++) expect(await send(4)).toBe(4);
    expect(open()).toBe(4);
    const seen = await Promise.all(answers);
    expect(seen.map(({ acknowledged, error }) => `${acknowledged} ${error}`)).toEqual(
      Array(4).fill('true null'),
    );
    for (const client of running) client.close();
    await until(
      () => childrenOf(rig.proxy.pid),
      (now) => now.length === 2 && !now.includes(told),
      { timeoutMs: 15_000, what: 'the replacement' },
    );
    await both();
    await recorded(85);
    expect(rig.proxy.logs.filter(({ event }) => event === 'process.ended').at(-1)).toMatchObject({
      pid: told,
      code: 0,
    });
  }, 60_000);

  it('let running streams end when they are told to stop, and leave nobody behind', async () => {
    const running = Array.from({ length: 4 }, () => new LoadClient(rig.proxy.url));
    const answers = running.map((client) =>
      client.send({ body: { model: 'plan:paced,n=30,interval=50', stream: true } }),
    );
    await until(
      () => rig.upstream.ledger.creates.filter((a) => a.responseBytes > 0 && a.ended === 'open').length,
      (n) => n === 4,
    );
    const before = childrenOf(rig.proxy.pid);
    // As a terminal does: everybody hears it, and the primary passes it on; once is once.
    for (const pid of before) process.kill(pid, 'SIGTERM');
    rig.proxy.signal('SIGTERM');
    const seen = await Promise.all(answers);
    expect(seen.map(({ acknowledged, error }) => `${acknowledged} ${error}`)).toEqual(
      Array(4).fill('true null'),
    );
    expect(await rig.proxy.exited).toBe(0);
    for (const client of running) client.close();
    expect([...everybody].filter(lives)).toEqual([]);
    await recorded(89);
  }, 60_000);

  it('finish their streams and go when the primary is killed', async () => {
    await rig.proxy.restart();
    const pids = await both();
    const answer = rig.client.send({ body: { model: 'plan:paced,n=20,interval=50', stream: true } });
    await until(
      () => rig.upstream.ledger.creates.some((a) => a.responseBytes > 0 && a.ended === 'open'),
      Boolean,
    );
    await rig.proxy.kill9();
    expect((await answer).acknowledged).toBe(true);
    await until(
      () => pids.filter(lives),
      (left) => left.length === 0,
      { timeoutMs: 15_000, what: 'no orphans' },
    );
    await recorded(90);
  }, 60_000);

  it('say once why they cannot start, with the exit code of one', async () => {
    const env = { PROXY_PROCESSES: '2', PROXY_REDIS_URL: redis.url };
    const taken = await ProxyProcess.start({ port: redis.port, env, wait: false });
    expect(await taken.exited).toBe(1);
    const said = taken.lines.filter((line) => line.startsWith('Port '));
    expect(said).toEqual([
      `Port ${redis.port} on 127.0.0.1 is already in use. Stop the process that has it, or set PORT to another port.`,
    ]);
    const alone = await runCli(['serve'], { PROXY_PROCESSES: '2' });
    expect(alone.code).toBe(78);
    expect(alone.stderr).toContain('PROXY_PROCESSES=2 needs PROXY_REDIS_URL');
  }, 60_000);
});
