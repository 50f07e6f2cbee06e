import { createServer } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { lastEnd } from '../../src/diagnosis/last-end.js';
import { Container, type ContainerOptions } from '../support/container.js';
import { found, type Diagnostics } from '../support/doctor.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { LoadClient } from '../support/load-client.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';

// Several processes start in each test, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 120_000 });

const missing = Container.missing();
const SERVICES = ['redis', 'worker', 'api'];
const TOKEN = 'test-admin-token-of-the-container';

describeWith(missing === null, missing ?? '')('the container', () => {
  let stage: string;
  let upstream: FakeUpstream;
  const running: Container[] = [];

  beforeAll(async () => {
    stage = Container.stage();
    upstream = await FakeUpstream.start({ keys: ['sk-test-1'] });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((container) => container.dispose()));
  });

  afterAll(() => upstream?.stop());

  async function run(options: ContainerOptions & { stage?: string } = {}): Promise<Container> {
    const env = { PROXY_UPSTREAM_BASE_URL: upstream.baseUrl, PROXY_ADMIN_TOKEN: TOKEN, ...options.env };
    const container = await Container.start(options.stage ?? stage, {
      ...options,
      env: { OPENAI_API_KEYS: 'sk-test-1', ...env },
    });
    running.push(container);
    return container;
  }

  async function asked<T>(container: Container, path: string): Promise<T> {
    const answer = await fetch(`${container.url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return (await answer.json()) as T;
  }

  async function stored(container: Container): Promise<number> {
    return (await asked<{ requests: unknown[] }>(container, '/admin/requests')).requests.length;
  }

  it('becomes healthy, serves, starts again whatever is killed, and drains', async () => {
    const container = await run();
    await container.healthy();
    confined(container);
    const client = new LoadClient(container.url);
    expect((await client.send({ body: { stream: true } })).acknowledged).toBe(true);
    await until(
      () => stored(container),
      (n) => n === 1,
      { timeoutMs: 20_000, what: 'the record in SQL, by way of Redis and the worker' },
    );
    for (const service of SERVICES) {
      const before = container.pidOf(service)!;
      container.kill9(before);
      await until(
        () => container.pidOf(service),
        (pid) => pid !== null && pid !== before,
        { timeoutMs: 20_000, what: `${service} started again` },
      );
      await container.healthy();
      expect(container.output).toContain(
        `responses-proxy: ${service} was killed by signal 9 and is started again`,
      );
      expect((await client.send({ body: {} })).status).toBe(200);
    }
    // The last of them; it runs again, so nobody has to do anything about it but wonder.
    const diagnosis = await asked<Diagnostics>(container, '/admin/diagnostics');
    expect(found(diagnosis, 'process_exited')).toMatchObject({
      severity: 'warning',
      evidence: [expect.stringMatching(/^the process api was killed by signal 9 at /)],
    });
    await until(
      () => stored(container),
      (n) => n === 1 + SERVICES.length,
      { timeoutMs: 30_000, what: 'every record in SQL' },
    );
    const streams = Array.from({ length: 4 }, () =>
      client.send({ body: { stream: true, model: 'plan:paced,n=20,interval=50' } }),
    );
    await until(
      () => upstream.ledger.open.length,
      (n) => n === streams.length,
    );
    container.terminate();
    expect((await Promise.all(streams)).every((entry) => entry.acknowledged)).toBe(true);
    expect(await container.exited).toBe(0);
    expect(container.output).not.toContain('exit code');
    client.close();
  });

  /** Writes to nothing but /data and /tmp, and may do nothing a user may not. */
  function confined(container: Container): void {
    for (const path of ['/app/x', '/app/docker/x', '/usr/x', '/etc/x', '/x'])
      expect(container.exec(['touch', path]).output).toMatch(/Read-only file system/);
    const status = container.exec(['grep', '-E', '^(Uid|Gid|CapEff|CapBnd|NoNewPrivs)', '/proc/1/status']);
    expect(status.output.replaceAll(/\s+/g, ' ')).toBe(
      'Uid: 10001 10001 10001 10001 Gid: 10001 10001 10001 10001 CapEff: 0000000000000000 ' +
        'CapBnd: 0000000000000000 NoNewPrivs: 1',
    );
    // Redis is to be reached by what is inside, and no other way.
    expect(container.exec(['stat', '-c', '%a', '/tmp/responses-proxy/redis.sock']).output).toBe('700');
    // Another command inside a living container leaves it alone.
    expect(container.exec([...container.image.entrypoint, '--version']).output).toMatch(/^\d+\.\d+\.\d+$/);
    expect(container.healthcheck().status).toBe(0);
  }

  it('uses the Redis it is given instead of its own', async () => {
    const container = await run({ env: { PROXY_REDIS_URL: 'redis://127.0.0.1:1' } });
    await until(() => container.pidOf('api'), { timeoutMs: 20_000 });
    expect(container.exec(['ls', '/tmp/responses-proxy/services']).output.split('\n')).toEqual([
      'api',
      'worker',
    ]);
  });

  describe('that cannot work says so in one line', () => {
    it('when its port is taken', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await until(() => taken.listening);
      const { port } = taken.address() as { port: number };
      const container = await run({ port });
      expect(await container.exited).toBe(1);
      expect(container.output).toMatch(new RegExp(`Port ${port} .*already in use`));
      expect(container.output).toContain(
        'responses-proxy: api ended with exit code 1; what it said last says why',
      );
      taken.close();
    });

    it('when Redis does not start', async () => {
      const broken = Container.stage();
      const file = join(broken, 'app/docker/redis.conf');
      // Not written to: it is a link to the file of this checkout.
      rmSync(file);
      writeFileSync(file, 'no-such-setting 1\n');
      const container = await run({ stage: broken });
      expect(await container.exited).toBe(1);
      expect(container.output).toContain(
        'responses-proxy: redis ended with exit code 1; what it said last says why',
      );
      expect(await lastEnd(container.data)).toMatchObject({
        process: 'redis',
        code: 1,
        containerEnded: true,
        lastLine: expect.stringContaining('Bad directive'),
      });
    });

    it('when the volume belongs to somebody else', async () => {
      const container = await run({ foreignData: true });
      expect(await container.exited).toBe(1);
      expect(container.output).toMatch(/PROXY_DATA_DIR: cannot use \/data/);
    });

    it('when the configuration is wrong', async () => {
      const container = await run({ env: { PROXY_RETENTION_DAYS: 'many' } });
      expect(await container.exited).toBe(78);
      expect(container.output).toContain('PROXY_RETENTION_DAYS');
      expect(await lastEnd(container.data)).toMatchObject({
        code: 78,
        lastLine: expect.stringContaining('PROXY_RETENTION_DAYS'),
      });
    });

    it('when no key is configured', async () => {
      const container = await run({ env: { OPENAI_API_KEYS: '' } });
      const seen = await until(
        () => container.healthcheck(),
        ({ status, output }) => status === 1 && output.includes('key'),
        { timeoutMs: 40_000, everyMs: 100 },
      );
      expect(seen.output).toMatch(/^resources: .*OPENAI_API_KEY/);
      expect(seen.output.split('\n').length).toBe(1);
    });

    it('when a process keeps dying', async () => {
      const container = await run();
      for (let deaths = 0; deaths < 5; deaths++) {
        const pid = await until(() => (container.running ? container.pidOf('worker') : -1), {
          timeoutMs: 20_000,
        });
        if (pid !== null && pid > 0) container.kill9(pid);
        if (deaths < 4)
          await until(
            () => container.pidOf('worker'),
            (now) => now !== null && now !== pid,
          );
      }
      expect(await container.exited).toBe(137);
      expect(container.output).toContain('worker was killed by signal 9, for the fifth time within a minute');
    });
  });

  it('runs one process alone, and passes every other command on', async () => {
    const api = await run({ args: ['serve'], env: { PROXY_IN_PROCESS_WORKER: 'on' } });
    await api.healthy();
    api.terminate();
    expect(await api.exited).toBe(0);
    const other = await run({ args: ['no-such-command'] });
    expect(await other.exited).toBe(2);
    expect(other.output).toContain('Unknown command');
  });
});
