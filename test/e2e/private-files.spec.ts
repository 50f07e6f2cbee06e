import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { key, Rig } from '../support/rig.js';
import { ProxyProcess } from '../support/proxy-process.js';

/** Files and directories below, with what others may do with them. */
const openToOthers = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => (statSync(join(root, name), { throwIfNoEntry: false })?.mode ?? 0) & 0o077,
  );

describe('what the process writes', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({ keys: [key('1')] });
  });
  afterAll(() => rig.stop());

  it('is for its own user only', async () => {
    await rig.client.send({ body: { input: 'private' } });
    await rig.proxy.idle();
    const { dataDir } = rig.proxy;
    expect(readdirSync(dataDir)).toContain('proxy.sqlite3');
    expect(openToOthers(dataDir)).toEqual([]);
    expect(rig.proxy.output).not.toContain('data_dir.open');
  });

  it('is made safe when an earlier version left it open, and an open directory is named once', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'rpx-open-'));
    const first = await ProxyProcess.start({ dataDir });
    await first.stop();
    chmodSync(dataDir, 0o755);
    chmodSync(join(dataDir, 'proxy.sqlite3'), 0o644);
    const second = await ProxyProcess.start({ dataDir });
    expect(statSync(join(dataDir, 'proxy.sqlite3')).mode & 0o777).toBe(0o600);
    expect(second.logs.filter((line) => line['event'] === 'data_dir.open')).toHaveLength(1);
    await second.dispose();
    await first.dispose();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
