import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import type { ProxyProcess } from '../support/proxy-process.js';
import { redisCommand } from '../support/redis-commands.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { pause, until } from '../support/until.js';
import { startWorker } from '../support/worker-process.js';

const binary = TestRedis.binary() ?? '';
/** A server like this repeats what it does not understand. */
const RENAMED = ['--rename-command', 'HELLO', 'renamed-hello', '--rename-command', 'AUTH', 'renamed-auth'];
const WATCHED_MS = 3_000;
/** With nothing in hand it takes less than two seconds. */
const STOP_MS = 4_000;
const PASSWORD = 'hunter2-hunter2';
/** As it is, as JSON of bytes, in hex, in base64. */
const FORMS = [
  PASSWORD,
  [...Buffer.from(PASSWORD)].join(','),
  Buffer.from(PASSWORD).toString('hex'),
  Buffer.from(PASSWORD).toString('base64').replace(/=+$/, ''),
];

describeWith(binary !== '', 'a Redis server')('a worker whose Redis is of no use', () => {
  let directory: string;
  let worker: ProxyProcess;
  let redis: TestRedis | null = null;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rpx-worker-'));
  });
  afterEach(async () => {
    await worker.dispose();
    await redis?.stop();
    redis = null;
    rmSync(directory, { recursive: true, force: true });
  });

  /** Everything it says from its start on, for some seconds and until it has ended. */
  const watch = async (redisUrl: string): Promise<{ lines: number; seconds: number }> => {
    worker = await startWorker({ redisUrl, sqlitePath: join(directory, 'rpx.db') });
    const begun = performance.now();
    await until(() => worker.logs.some(({ event }) => event === 'worker.blocked'));
    await pause(WATCHED_MS);
    const seconds = (performance.now() - begun) / 1_000;
    const lines = worker.lines.length;
    const stopped = performance.now();
    expect(await worker.stop()).toBe(0);
    expect(performance.now() - stopped).toBeLessThan(STOP_MS);
    return { lines, seconds };
  };
  const notJson = (): string[] => worker.lines.filter((line) => !line.startsWith('{'));

  it('says so in few lines, each of them JSON, while there is none', async () => {
    const { lines, seconds } = await watch(`redis://:${PASSWORD}@127.0.0.1:${await freePort()}`);
    expect(notJson()).toEqual([]);
    expect(lines).toBeLessThanOrEqual(10 * seconds);
    for (const form of FORMS) expect(worker.output).not.toContain(form);
  }, 60_000);

  it.each([
    ['wants another password', 'CONFIG SET requirepass right-one', 'WRONGPASS'],
    ['knows no such user', 'ACL SETUSER default off', 'WRONGPASS'],
  ])(
    'names a server that %s without telling the password',
    async (_what, command, named) => {
      redis = await TestRedis.start(binary);
      await redisCommand(redis.port, command);
      const { lines, seconds } = await watch(`redis://:${PASSWORD}@127.0.0.1:${redis.port}`);
      expect(notJson()).toEqual([]);
      expect(lines).toBeLessThanOrEqual(10 * seconds);
      for (const form of FORMS) expect(worker.output).not.toContain(form);
      expect(worker.logs.find(({ event }) => event === 'worker.blocked')?.['error']).toContain(named);
    },
    60_000,
  );

  it('does not repeat a password that the server’s answer quotes', async () => {
    redis = await TestRedis.start(binary, RENAMED);
    await watch(`redis://:${PASSWORD}@127.0.0.1:${redis.port}`);
    expect(notJson()).toEqual([]);
    for (const form of FORMS) expect(worker.output).not.toContain(form);
    expect(worker.logs.find(({ event }) => event === 'worker.blocked')?.['error']).toBe(
      'it answers with an error',
    );
  }, 60_000);
});
