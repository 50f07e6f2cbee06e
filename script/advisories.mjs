// What is known against the packages of the lockfile, and the list of those that are delivered: the part of S19 that needs
// the registry, so no test. `npm run release-check -- --only S19` runs it.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { writeBill } from './bill-of-materials.mjs';
import { ROOT, say } from './steps.mjs';

/** Puts its figures down in `file`, as specs do. A registry that cannot be asked is no clean bill. */
export function checkAdvisories(file) {
  const figure = (what, value, limit = null) =>
    appendFileSync(file, `${JSON.stringify({ id: 'S19', what, value, limit })}\n`);
  figure('packages in the bill of materials', writeBill());
  const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: ROOT, encoding: 'utf8' });
  const counts = countsOf(stdout);
  if (counts === null) {
    say('npm audit got no answer from the registry: nothing is known of advisories');
    return false;
  }
  figure('advisories, critical or high', counts.critical + counts.high, { exactly: 0 });
  figure('advisories, moderate or low', counts.moderate + counts.low + counts.info);
  return counts.critical + counts.high === 0;
}

/** Null = it did not answer. */
function countsOf(report) {
  try {
    return JSON.parse(report).metadata?.vulnerabilities ?? null;
  } catch {
    return null;
  }
}
