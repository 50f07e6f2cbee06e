import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { binding, finished, started } from '../../test/support/telemetry-records.js';
import { systemClock } from '../common/clock.js';
import { createLogger } from '../common/logger.js';
import { FileSpool } from './file-spool.js';
import { OrphanedBindings } from './orphaned-bindings.js';

const NONE = { request: null, response: null };
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rpx-orphans-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function spoolOf(instanceId: string, segmentBytes = 1e6): FileSpool {
  const logger = createLogger('silent');
  return FileSpool.open({ root, instanceId, maxBytes: 1e9, segmentBytes, clock: systemClock, logger });
}

const body = (size: number) => ({
  request: null,
  response: {
    chunks: [Buffer.alloc(size, 'x')],
    meta: { size, contentType: null, contentEncoding: null, truncated: false },
  },
});
const read = (limit = 1000) => new OrphanedBindings(root, 'inst_self').read(limit);

it('finds the newest binding of each id, over files and past large bodies', async () => {
  const dead = spoolOf('inst_dead', 3e6);
  for (let i = 0; i < 12; i++) {
    dead.started(started(`r${i}`));
    const bindings = [binding('s1', { boundAt: i, fingerprint: `key-${i}` }), binding(`only-${i}`)];
    dead.finished(finished(`r${i}`, { bindings }), body(900_000));
  }
  dead.close();
  const found = await read();
  expect(found.find((one) => one.id === 's1')?.fingerprint).toBe('key-11');
  expect(found).toHaveLength(13);
});

it('leaves the process’s own spool and damaged bytes out, and changes nothing on disk', async () => {
  const own = spoolOf('inst_self');
  own.finished(finished('own', { bindings: [binding('own')] }), NONE);
  const dead = spoolOf('inst_dead');
  dead.finished(finished('a', { bindings: [binding('a')] }), NONE);
  const directory = join(root, 'inst_dead');
  const [segment = ''] = readdirSync(directory).filter((name) => name.endsWith('.seg'));
  appendFileSync(join(directory, segment), Buffer.alloc(400_000, 7));
  dead.finished(finished('b', { bindings: [binding('b')] }), NONE);
  const before = readdirSync(root, { recursive: true });
  expect((await read()).map((one) => one.id)).toEqual(['a', 'b']);
  expect(readdirSync(root, { recursive: true })).toEqual(before);
  own.close();
  dead.close();
});

it('has nothing to say where there is no spool, or a file in its place', async () => {
  mkdirSync(join(root, 'empty'));
  appendFileSync(join(root, 'stray'), 'x');
  expect(await read()).toEqual([]);
  expect(await new OrphanedBindings(join(root, 'missing'), 'inst_self').read(10)).toEqual([]);
});
