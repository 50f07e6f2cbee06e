/** Of one line of /proc/self/mountinfo (proc(5)), what tells where a path really is. */
interface Mount {
  readonly point: string;
  /** Of the file system, what is mounted: `/` where it is all of it. */
  readonly root: string;
  readonly type: string;
}

/** What container engines put a container's own files on. */
const LAYERS = new Set(['overlay', 'fuse-overlayfs', 'fuse.fuse-overlayfs', 'aufs', 'btrfs', 'zfs', 'vfs']);
const MEMORY = new Set(['tmpfs', 'ramfs']);
const EMPTY_DIR = /kubernetes\.io~empty-dir/;
const ANONYMOUS_VOLUME = /\/volumes\/[0-9a-f]{64}\/_data$/;

/** Why what is written to a path does not stay; null = it does, or nobody can tell. Pure. */
export function passingStorage(path: string, mountinfo: string, inContainer: boolean): string | null {
  const mount = mountOf(path, mountinfo);
  if (mount === null) return null;
  if (MEMORY.has(mount.type)) return `it is on a ${mount.type} (${mount.point}), which is memory`;
  if (EMPTY_DIR.test(mount.root)) return `${mount.point} is an emptyDir, which ends with the pod`;
  if (ANONYMOUS_VOLUME.test(mount.root))
    return `${mount.point} is a volume without a name, which a new container does not get`;
  if (inContainer && mount.point === '/' && LAYERS.has(mount.type))
    return 'no volume is mounted there, so it is in the layer of the container';
  return null;
}

/** The mount that holds a path: the longest one, and of equals the last. */
function mountOf(path: string, mountinfo: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const fields = left.split(' ');
    const [root, point] = [decoded(fields[3] ?? ''), decoded(fields[4] ?? '')];
    if (point === '' || !holds(point, path)) continue;
    if (best === null || point.length >= best.point.length)
      best = { point, root, type: right.split(' ')[0] ?? '' };
  }
  return best;
}

function holds(point: string, path: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/** Blanks and the like are written as octal escapes. */
function decoded(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
