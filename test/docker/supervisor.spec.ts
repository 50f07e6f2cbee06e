import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnose, findingsOf } from '../../src/diagnosis/diagnose.js';
import { forgetLastEnd, lastEnd } from '../../src/diagnosis/last-end.js';
import { TRAFFIC } from '../support/diagnosis-facts.js';
import { doctor, found } from '../support/doctor.js';
import { freePort } from '../support/free-port.js';

const SECRET = 'canary-of-the-admin-token';

let home: string;
let data: string;
let supervisor: ChildProcess;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rpx-supervisor-'));
  data = join(home, 'data');
  for (const folder of ['data', 'bin', 'services/redis']) mkdirSync(join(home, folder), { recursive: true });
  cpSync('docker/supervisor', join(home, 'docker/supervisor'), { recursive: true });
  supervisor = spawn('sleep', ['60'], { stdio: 'ignore' });
});
afterEach(async () => {
  const ended = once(supervisor, 'exit');
  if (supervisor.exitCode === null && supervisor.signalCode === null) {
    supervisor.kill('SIGKILL');
    await ended;
  }
  rmSync(home, { recursive: true, force: true });
});

/** One of the scripts, in the place of a service, with other programs than the real ones where those are named. */
function run(script: string, args: readonly string[], programs: Readonly<Record<string, string>> = {}) {
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return spawnSync(join(home, 'docker/supervisor', script), args, {
    cwd: join(home, 'services/redis'),
    encoding: 'utf8',
    env: {
      PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
      PROXY_DATA_DIR: data,
      PROXY_ADMIN_TOKEN: SECRET,
      SOME_KEYS: 'canary-of-a-first-line\r\ncanary-of-a-second-line\r\n',
      SUPERVISOR_PID: String(supervisor.pid),
    },
  });
}

const SAYS = [
  'echo "first" >&2',
  `echo 'refused "x\\y" at redis://me:pw@canary@h:1/0 with ${SECRET}, canary-of-a-second-line, sk-canary0123456789' >&2`,
  'echo "    at somewhere (file.js:1:1)" >&2',
  'exit 1',
].join('\n');

const environment = async (): Promise<Record<string, string>> => ({
  HOME: home,
  PORT: String(await freePort()),
  PROXY_DATA_DIR: data,
  // As the entrypoint says it where its Redis has left a socket behind.
  PROXY_REDIS_URL: 'unix:///tmp/responses-proxy/redis.sock',
});

describe('what ends in the container', () => {
  it('is known afterwards: Redis did not start, what it said last, and no secret', async () => {
    const said = run('redis', [], { 'redis-server': SAYS });
    expect(said.status).toBe(1);
    const stopped = once(supervisor, 'exit');
    // Who passes the lines on may still be at it.
    run('ended', ['1', '0']);
    expect(await stopped).toEqual([null, 'SIGTERM']);
    expect(await lastEnd(data)).toEqual({
      process: 'redis',
      code: 1,
      signal: null,
      at: expect.closeTo(Date.now(), -5),
      containerEnded: true,
      lastLine: 'refused "x\\y" at redis://…@h:1/0 with …, …, …',
    });
    expect(statSync(join(data, 'last-end.json')).mode & 0o777).toBe(0o600);

    const { json, stdout } = await doctor(await environment());
    expect(found(json, 'process_exited')).toMatchObject({
      severity: 'error',
      symptom: expect.stringMatching(/^Redis did not start/),
      evidence: [
        expect.stringMatching(/^Redis ended with exit code 1 at /),
        expect.stringContaining('it said last: refused'),
      ],
      docs_url: expect.stringContaining('troubleshooting.md#container-health-check-fails'),
    });
    // Nobody was there to start it.
    expect(found(json, 'redis_away')).toBeUndefined();
    expect(stdout).not.toContain('canary');
    // A process that started before it has not outlived it.
    await forgetLastEnd(data, Date.now() - 60_000);
    expect(existsSync(join(data, 'last-end.json'))).toBe(true);
    await forgetLastEnd(data, Date.now() + 60_000);
    expect(existsSync(join(data, 'last-end.json'))).toBe(false);
  });

  it('is told with its own words, whatever is left of the life before still says', async () => {
    const lingers = `(while [ ! -e go ]; do sleep 0.02; done; echo late >&2; touch told) &\nexit 1`;
    writeFileSync(join(home, 'bin/redis-server'), `#!/bin/sh\n${lingers}\n`, { mode: 0o755 });
    const cwd = join(home, 'services/redis');
    const before = spawn(join(home, 'docker/supervisor/redis'), {
      cwd,
      stdio: 'ignore',
      env: { PATH: `${join(home, 'bin')}:${process.env['PATH']}` },
    });
    await once(before, 'exit');
    run('redis', [], {
      'redis-server':
        'echo mine >&2; sleep 0.1; touch go; while [ ! -e told ]; do sleep 0.02; done; sleep 0.1; exit 1',
    });
    run('ended', ['1', '0']);
    expect(await lastEnd(data)).toMatchObject({ code: 1, lastLine: 'mine' });
  });

  it.each([1e300, 8.64e15 + 1, 1.5, null])('is not told at a time that is none: %s', async (at) => {
    const record = { process: 'redis', code: 1, signal: null, container_ended: true, last_line: null };
    writeFileSync(join(data, 'last-end.json'), JSON.stringify({ ...record, at }));
    expect(await lastEnd(data)).toBeNull();
  });

  it('is not read from a file that the supervisor cannot have written', async () => {
    writeFileSync(join(data, 'last-end.json'), '{"process":"redis","at":1}');
    expect(await lastEnd(data)).toMatchObject({ at: 1 });
    truncateSync(join(data, 'last-end.json'), 2 ** 33);
    expect(await lastEnd(data)).toBeNull();
  });

  it('passes on what it says as it says it', () => {
    const { stderr, stdout } = run('redis', [], {
      'redis-server': 'echo out; echo err >&2; printf last >&2',
    });
    expect([stderr, stdout]).toEqual(['out\nerr\nlast\n', '']);
  });

  it('is told of as killed and started again, until it is an hour ago', async () => {
    const again = { 's6-permafailon': 'exit 0' };
    expect(run('ended', ['256', '9'], again).status).toBe(0);
    const end = await lastEnd(data);
    expect(end).toMatchObject({ code: null, signal: 9, containerEnded: false, lastLine: null });
    await forgetLastEnd(data, Date.now() + 60_000);
    const later = (ms: number, ...running: object[]) =>
      findingsOf(diagnose(Object.assign({ now: end!.at + ms, ends: [end!] }, ...running)));
    const minute = 60_000;
    for (const running of [{}, { traffic: TRAFFIC }])
      expect(later(59 * minute, running)).toMatchObject([
        { id: 'process_exited', severity: 'warning', cause: expect.stringContaining('memory') },
      ]);
    expect(later(61 * minute)).toEqual([]);
  });

  it('leaves no mark when it was told to end, and none but that of the cause', async () => {
    writeFileSync(join(home, 'services/stopping'), '');
    run('ended', ['1', '0']);
    expect(await lastEnd(data)).toBeNull();
    rmSync(join(home, 'services/stopping'));
    rmSync(join(home, 'services/exit-code'));
    run('ended', ['78', '0']);
    run('ended', ['1', '0']);
    expect(await lastEnd(data)).toMatchObject({ code: 78 });
  });
});
