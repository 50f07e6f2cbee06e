/** Needed for `SET … PX NX` in scripts and by BullMQ. */
const OLDEST: readonly [major: number, minor: number] = [6, 2];

/** What the answer to INFO says against this use of the server. For people. */
export function serverWarnings(info: string): string[] {
  const facts = new Map(
    info.split(/\r?\n/).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1).trim()] as const;
    }),
  );
  const warnings: string[] = [];
  const policy = facts.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(
      `maxmemory-policy is ${policy}: Redis may drop queued records' jobs; set it to noeviction (records themselves stay on disk)`,
    );
  const version = facts.get('redis_version');
  if (version !== undefined && isOlder(version))
    warnings.push(`Redis ${version} is older than ${OLDEST.join('.')}, the oldest one supported`);
  if (facts.get('cluster_enabled') === '1') warnings.push('it is a Redis Cluster, which is not supported');
  return warnings;
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
