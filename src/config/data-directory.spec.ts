import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDirectoryWarning } from './data-directory.js';

describe('dataDirectoryWarning', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'rpx-mode-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.each([0o755, 0o750, 0o701])('names a directory of mode %o and the remedy', (mode) => {
    const path = join(root, String(mode));
    mkdirSync(path);
    chmodSync(path, mode);
    expect(dataDirectoryWarning(path)).toContain(`(mode ${mode.toString(8)}): chmod 700`);
  });

  it('says nothing about a private or an absent one', () => {
    const path = join(root, 'private');
    mkdirSync(path, { mode: 0o700 });
    expect(dataDirectoryWarning(path)).toBeNull();
    expect(dataDirectoryWarning(join(root, 'absent'))).toBeNull();
    writeFileSync(join(root, 'file'), '');
    expect(dataDirectoryWarning(join(root, 'file', 'below'))).toBeNull();
  });
});
