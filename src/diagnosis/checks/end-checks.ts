import { check, type Given } from '../check.js';
import type { EndFacts } from '../facts.js';
import { section, type Finding } from '../finding.js';

/** What has been started again and stayed is history by then. */
const RECENT_MS = 60 * 60_000;
const OUT_OF_CONFIGURATION = 78;
const KILL = 9;

/** What the supervisor of a container wrote down. */
export const END_CHECKS = [
  check(
    'ends',
    'no process of the container has ended by itself',
    ['ends'],
    'told by the proxy, or where none runs',
    (facts) => facts.ends.filter((end) => concerns(end, facts)).map((end) => exited(end, facts)),
  ),
];

/** Of a container that has ended it is the last word; what was started again is of interest for a while. */
function concerns({ at, containerEnded }: EndFacts, { now, traffic }: Given<'ends'>): boolean {
  return (containerEnded && traffic == null) || now - at < RECENT_MS;
}

function exited(end: EndFacts, { traffic, disk }: Given<'ends'>): Finding {
  const { at, containerEnded, lastLine } = end;
  return {
    id: 'process_exited',
    severity: containerEnded && traffic == null ? 'error' : 'warning',
    symptom: symptomOf(end),
    evidence: [
      `${nameOf(end)} ${howOf(end)} at ${new Date(at).toISOString()} (${disk?.dataDir ?? 'PROXY_DATA_DIR'}/last-end.json)`,
      ...(lastLine === null ? [] : [`it said last: ${lastLine}`]),
    ],
    cause: causeOf(end),
    fix:
      end.signal === KILL
        ? 'docker stats --no-stream   # its memory against its limit: raise mem_limit (compose) or resources.limits.memory (Kubernetes)'
        : 'docker compose logs --tail 50 proxy   # Kubernetes: kubectl logs --previous. Mend what it said last, then start the container again',
    docs: section('container-health-check-fails'),
  };
}

function symptomOf({ process, code, containerEnded }: EndFacts): string {
  if (!containerEnded)
    return `A process exited: ${process} broke off what it was doing. Its container has started it again.`;
  const what = process === 'redis' && code !== null ? 'Redis did not start' : `A process exited (${process})`;
  return `${what}: the container health check fails, and the container ended.`;
}

function causeOf({ process, code, signal, containerEnded }: EndFacts): string {
  const lasting = containerEnded
    ? ' It was killed five times within a minute, so it was not started again.'
    : '';
  if (signal === KILL) return `It was killed from outside, mostly because memory ran out.${lasting}`;
  if (signal !== null) return `It crashed, or somebody sent it the signal.${lasting}`;
  if (code === OUT_OF_CONFIGURATION)
    return 'Its configuration cannot be used; what it said last lists what is wrong.';
  if (code === 0) return 'It ended without having been told to.';
  return `${process === 'redis' ? 'Redis' : 'It'} cannot run like this (a setting, a taken port, a volume of somebody else), which a new start would not change.`;
}

function nameOf({ process }: EndFacts): string {
  return process === 'redis' ? 'Redis' : `the process ${process}`;
}

function howOf({ code, signal }: EndFacts): string {
  return signal === null ? `ended with exit code ${code}` : `was killed by signal ${signal}`;
}
