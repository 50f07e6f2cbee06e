// What is known against the packages of the lockfile. The registry has to be asked for it, so no test asks: `npm run audit`
// does, for what is delivered, and `npm run release-check -- --only S19` for all, with the list of packages.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { writeBill } from './bill-of-materials.mjs';
import { ROOT, say } from './steps.mjs';

const NPM = ['audit', '--json', '--audit-level=high', '--fetch-retries=0', '--fetch-timeout=20000'];
const SEVERE = new Set(['critical', 'high']);

/** `{ counts, severe }`, or `{ why }` where the registry has not told. */
export function askForAdvisories(...args) {
  const { stdout, stderr, error } = spawnSync('npm', [...NPM, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 30_000,
    env: { ...process.env, NO_UPDATE_NOTIFIER: '1' },
  });
  return error === undefined ? readReport(stdout, stderr) : { why: `npm audit: ${error.message}` };
}

/** Of what `npm audit --json` printed: a report, or an error in the place of one. Without counts nobody has looked. */
export function readReport(stdout, stderr) {
  const report = parse(stdout);
  const counts = report?.metadata?.vulnerabilities;
  if (typeof counts?.critical !== 'number' || typeof counts?.high !== 'number')
    return { why: whyNot(report, stderr) };
  const packages = Object.values(report.vulnerabilities ?? {});
  const severe = packages.filter(({ severity }) => SEVERE.has(severity)).map(lineOf);
  return { counts, severe };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function whyNot(report, stderr) {
  const told = [report?.error?.summary, report?.error?.detail, report?.message].find(
    (text) => typeof text === 'string' && text.trim() !== '',
  );
  const said = stderr.trim().split('\n').at(-1);
  return told?.trim() ?? (said || 'npm audit printed no report');
}

/** `via`: the advisories themselves, or the names of the packages that bring it along. */
function lineOf({ name, severity, range, via }) {
  const why = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} (${one.url})`));
  return `${severity}: ${name} ${range}: ${why.join('; ')}`;
}

/** Puts its figures down in `file`, as specs do. A registry that cannot be asked is no clean bill. */
export function checkAdvisories(file) {
  const figure = (what, value, limit = null) =>
    appendFileSync(file, `${JSON.stringify({ id: 'S19', what, value, limit })}\n`);
  figure('packages in the bill of materials', writeBill());
  const { counts, severe, why } = askForAdvisories();
  if (why !== undefined) {
    say(`advisories could not be asked for: ${why}`);
    return false;
  }
  for (const line of severe) say(line);
  figure('advisories, critical or high', counts.critical + counts.high, { exactly: 0 });
  figure('advisories, moderate or low', counts.moderate + counts.low + counts.info);
  return counts.critical + counts.high === 0;
}
