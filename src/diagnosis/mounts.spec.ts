import { describe, expect, it } from 'vitest';
import { passingStorage } from './mounts.js';

const ROOT =
  '612 580 0:55 / / rw,relatime master:233 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/X';
const NAMED =
  '620 612 8:1 /var/lib/docker/volumes/responses-proxy/_data /data rw,relatime - ext4 /dev/sda1 rw';
const NAMELESS = `621 612 8:1 /var/lib/docker/volumes/${'a1'.repeat(32)}/_data /data rw,relatime - ext4 /dev/sda1 rw`;
const EMPTY_DIR =
  '622 612 8:1 /var/lib/kubelet/pods/0b1/volumes/kubernetes.io~empty-dir/data /data rw,relatime - ext4 /dev/sda1 rw';
const MEMORY = '623 612 0:60 / /my\\040data rw - tmpfs tmpfs rw';
const DISK = '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw';

describe('whether what is written stays', () => {
  it.each([
    ['a container without a volume', '/data/proxy.sqlite3', [ROOT], true, /no volume/],
    ['a named volume', '/data/proxy.sqlite3', [ROOT, NAMED], true, null],
    ['beside a volume', '/database/proxy.sqlite3', [ROOT, NAMED], true, /no volume/],
    ['a volume without a name', '/data/proxy.sqlite3', [ROOT, NAMELESS], true, /without a name/],
    ['an emptyDir', '/data/proxy.sqlite3', [ROOT, EMPTY_DIR], true, /emptyDir/],
    ['memory', '/my data/proxy.sqlite3', [DISK, MEMORY], false, /memory/],
    ['a disk', '/srv/proxy.sqlite3', [DISK], false, null],
    ['an overlay that is no container', '/srv/proxy.sqlite3', [ROOT], false, null],
    ['a machine that does not tell', '/srv/proxy.sqlite3', [], true, null],
  ])('%s', (_, path, lines, inContainer, expected) => {
    const found = passingStorage(path, lines.join('\n'), inContainer);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatch(expected);
  });
});
