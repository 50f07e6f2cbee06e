import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { LoadBalancer } from '../support/load-balancer.js';
import { LoadClient } from '../support/load-client.js';
import { NameServer } from '../support/name-server.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { describeWith } from '../support/skip.js';
import { SocketClient } from '../support/socket-client.js';
import { parseSse } from '../support/sse.js';
import type { Arrival } from '../support/upstream-ledger.js';
import { pause, until } from '../support/until.js';

// Several processes start in each test, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 120_000 });

const HOSTS = ['127.0.1.1', '127.0.1.2', '127.0.1.3'] as const;
const TRAP = '127.0.1.4';
const keyOf = (host: string): string => `sk-test-${host}`;

describeWith(LoadBalancer.available, 'haproxy')('the load balancer of compose.scale.yml', () => {
  let names: NameServer;
  let upstream: FakeUpstream;
  let balancer: LoadBalancer;
  let client: LoadClient;
  let port: number;
  const replicas = new Map<string, ProxyProcess>();

  beforeAll(async () => {
    port = await freePort();
    names = await NameServer.start();
    upstream = await FakeUpstream.start({ keys: HOSTS.map(keyOf), websocket: true });
    balancer = await LoadBalancer.start({ RPX_BACKEND: `api.test:${port}`, RPX_RESOLVER: names.address });
    client = new LoadClient(balancer.url);
    await Promise.all(HOSTS.map(startReplica));
    names.addresses = HOSTS;
    await until(servingReplicas, (all) => all.size === HOSTS.length, { timeoutMs: 60_000, everyMs: 100 });
  });

  afterAll(async () => {
    client?.close();
    await balancer?.stop();
    names?.stop();
    await upstream?.stop();
  });

  /** Each replica has a key of its own, so that the upstream can tell who asked. Strangers may call, as in compose. */
  async function startReplica(host: string): Promise<void> {
    const env = {
      HOST: host,
      PROXY_ANONYMOUS_ACCESS: 'proxy',
      PROXY_DRAIN_DELAY_SECONDS: '4',
      PROXY_RETRY_5XX: 'off',
    };
    replicas.set(host, await ProxyProcess.start({ upstream, keys: [keyOf(host)], port, env, wait: false }));
    await until(async () => (await fetch(`http://${host}:${port}/readyz`)).ok, Boolean, {
      timeoutMs: 60_000,
      everyMs: 50,
      what: `replica ${host}`,
    });
  }

  /** Who serves three times as many requests as there are replicas. */
  async function servingReplicas(): Promise<Set<string | null>> {
    const before = upstream.ledger.creates.length;
    const sent = await Promise.all(Array.from({ length: 9 }, () => client.send({ body: {} })));
    if (sent.some((e) => e.status !== 200)) return new Set();
    return new Set(upstream.ledger.creates.slice(before).map((a) => a.key));
  }

  const arrivalsOf = (marker: string): Arrival[] =>
    upstream.ledger.creates.filter((a) => (a.json?.['metadata'] as { marker?: string })?.marker === marker);

  it('has a configuration HAProxy accepts without a warning', () => {
    const { status, output } = LoadBalancer.check();
    expect(status).toBe(0);
    expect(output).not.toContain('WARNING');
  });

  it('passes each event as soon as the upstream has sent it', async () => {
    let text = '';
    const sent = client.send({
      body: { stream: true, model: 'plan:stepped' },
      abortWhen: (entry) => ((text = entry.text), false),
    });
    await until(() => upstream.ledger.open.length === 1);
    for (let events = 1; events <= 3; events++) {
      upstream.step();
      // The next event leaves the upstream only after this one has arrived.
      await until(
        () => parseSse(text).length,
        (n) => n >= events,
        { what: `event ${events}` },
      );
    }
    const pump = setInterval(() => upstream.step(), 5);
    expect((await sent).acknowledged).toBe(true);
    clearInterval(pump);
  });

  it('passes a WebSocket', async () => {
    const socket = await SocketClient.open(balancer.url);
    socket.send({ type: 'response.create', model: 'gpt-5.5', input: 'hello' });
    await until(() => socket.events.some((event) => event.type === 'response.completed'));
    socket.ws.close();
    await until(() => socket.closed);
  });

  it('passes header names with underscores, by which old clients name their session', async () => {
    await client.send({ headers: { session_id: 'underscored-1' }, body: {} });
    const sessions = await until(
      () =>
        Promise.all(
          HOSTS.map(async (host) => {
            const answer = await fetch(`http://${host}:${port}/admin/requests?session_id=underscored-1`);
            return ((await answer.json()) as { requests: unknown[] }).requests.length;
          }),
        ),
      (found) => found.some((n) => n > 0),
      { what: 'a record with the session' },
    );
    expect(sessions.reduce((sum, n) => sum + n)).toBe(1);
  });

  it('passes a body of 20 MB whole', async () => {
    const input = 'x'.repeat(20 * 1024 * 1024);
    const sent = await client.send({ body: { input } });
    expect(sent.status).toBe(200);
    expect(upstream.ledger.creates.at(-1)?.bodyBytes).toBeGreaterThan(input.length);
  });

  it('sends nothing twice when a replica takes a request and dies over it', async () => {
    const trap = await Trap.listen(TRAP, port);
    names.addresses = [TRAP];
    await until(
      async () => {
        await client.send({ body: {} });
        return trap.taken;
      },
      { what: 'a request in the trap' },
    );
    // Two replicas to choose from, so that there would be somebody to try it on.
    names.addresses = [TRAP, HOSTS[0]];
    const from = { sent: client.entries.length, taken: trap.taken };
    await until(
      async () => {
        await client.send({ body: {} });
        const statuses = client.entries.slice(from.sent).map((e) => e.status);
        return statuses.includes(200) && trap.taken > from.taken + 2;
      },
      { timeoutMs: 20_000, what: 'answers from a replica and requests in the trap' },
    );
    const sent = client.entries.slice(from.sent);
    const refused = sent.filter((e) => e.status !== 200);
    expect(refused.length).toBe(trap.taken - from.taken);
    for (const entry of sent) expect(arrivalsOf(entry.marker).length).toBe(refused.includes(entry) ? 0 : 1);
    names.addresses = HOSTS;
    await trap.close();
    await until(servingReplicas, (all) => all.size === HOSTS.length, { timeoutMs: 30_000, everyMs: 100 });
  });

  it('refuses nobody while a replica drains', async () => {
    const [first] = HOSTS;
    const leaving = replicas.get(first)!;
    const from = client.entries.length;
    leaving.signal('SIGTERM');
    while (leaving.running) {
      await client.send({ body: {} });
      await pause(10);
    }
    const meanwhile = client.entries.slice(from);
    expect(meanwhile.filter((e) => e.status !== 200)).toEqual([]);
    expect(await leaving.exited).toBe(0);
    await startReplica(first);
    await until(servingReplicas, (all) => all.size === HOSTS.length, { timeoutMs: 30_000, everyMs: 100 });
  });

  it('takes out a replica that was killed, and repeats no request over it', async () => {
    const [first] = HOSTS;
    const running = Array.from({ length: 12 }, () =>
      client.send({ body: { stream: true, model: 'plan:paced,n=40,interval=50' } }),
    );
    await until(
      () => upstream.ledger.open.length,
      (n) => n === running.length,
    );
    await replicas.get(first)!.kill9();
    const after = await Promise.all(Array.from({ length: 30 }, () => client.send({ body: {} })));
    expect(after.filter((e) => e.status !== 200)).toEqual([]);
    const ended = await Promise.all(running);
    // What the dead one was serving is cut, visibly; who was served by the others never notices.
    const keyFor = (marker: string): string | null | undefined => arrivalsOf(marker)[0]?.key;
    // Before its first byte was through, HAProxy says so with a 502.
    const cut = ended.filter((e) => !e.acknowledged || e.status === 502);
    expect(cut.length).toBeGreaterThan(0);
    expect(ended.filter((e) => keyFor(e.marker) === keyOf(first))).toEqual(cut);
    for (const entry of [...ended, ...after]) expect(arrivalsOf(entry.marker).length).toBe(1);
    // Known to be away: nothing is even tried there any more.
    await until(async () => {
      const seen = balancer.access.length;
      await client.send({ body: {} });
      return balancer.access.slice(seen).every((line) => line.retries === '0');
    });
  });
});

/** A replica that says it is ready, takes a whole request and then breaks the connection. */
class Trap {
  taken = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.startsWith('GET /readyz')) socket.end('HTTP/1.0 200 OK\r\n\r\n{"status":"ready"}');
        else if (text.includes('"marker"')) {
          this.taken++;
          socket.resetAndDestroy();
        }
      });
    });
  }

  static listen(host: string, port: number): Promise<Trap> {
    const trap = new Trap();
    return new Promise((resolve, reject) => {
      trap.#server.once('error', reject);
      trap.#server.listen(port, host, () => resolve(trap));
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
