import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this process may mount: root, mostly. */
export const mayMount = spawnSync('unshare', ['-m', 'true']).status === 0;

/** A file system of a few megabytes that can be filled and made larger. */
export class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'rpx-small-disk-'));
  #ballast: number | null = null;

  constructor(megabytes: number) {
    this.#mount('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', this.path);
  }

  /** To the last page, and again whenever something has been freed. */
  fill(): void {
    this.#ballast ??= openSync(join(this.path, 'ballast'), 'w', 0o600);
    const block = Buffer.alloc(4_096, 1);
    try {
      for (;;) writeSync(this.#ballast, block);
    } catch {
      // Full: that was the purpose.
    }
  }

  grow(megabytes: number): void {
    this.#mount('-o', `remount,size=${megabytes}m`, this.path);
  }

  remove(): void {
    if (this.#ballast !== null) closeSync(this.#ballast);
    spawnSync('umount', ['-l', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }

  #mount(...args: string[]): void {
    const { status, stderr } = spawnSync('mount', args);
    if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${String(stderr)}`);
  }
}
