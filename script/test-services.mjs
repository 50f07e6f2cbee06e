// Real services for the tests. On Debian as root they are installed; elsewhere their absence is said aloud, and is an
// error where `CI` is set: nothing may go untested in silence.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { BUILD_TOOLS, hasSqliteBinary, hasSystemSqlite, say, step, StepError } from './steps.mjs';

const SERVICES = [
  {
    variable: 'RPX_TEST_REDIS_SERVER',
    commands: ['redis-server', 'valkey-server'],
    apt: 'redis-server',
    suites: 'tests against a real Redis',
  },
  {
    variable: 'RPX_TEST_CHROMIUM',
    commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    apt: 'chromium',
    suites: 'dashboard tests in a real browser',
  },
  { commands: ['s6-svscan'], apt: 's6', suites: 'the image run without an engine' },
  { commands: ['haproxy'], apt: 'haproxy', suites: 'the load balancer of compose.scale.yml' },
  { commands: ['sqlite3'], apt: 'sqlite3', suites: 'the documented backup of SQLite' },
  { commands: ['shellcheck'], apt: 'shellcheck', suites: 'the check of shell scripts' },
];

const canInstall =
  process.platform === 'linux' && existsSync('/etc/debian_version') && process.getuid?.() === 0;
let listsRead = false;

/** Paths for the tests, by variable; empty where there is none. */
export async function ensureServices() {
  const missing = SERVICES.filter((service) => find(service) === '');
  if (missing.length > 0 && canInstall) await aptInstall(missing.map((service) => service.apt));
  const absent = SERVICES.filter((service) => find(service) === '');
  for (const service of absent) say(`*** SKIPPED: ${service.suites}: ${service.apt} is not installed ***`);
  if (absent.length > 0 && process.env.CI)
    throw new StepError(`CI is set and ${absent.map((service) => service.apt).join(', ')} cannot be had`);
  const named = SERVICES.filter((service) => service.variable !== undefined);
  return Object.fromEntries(named.map((service) => [service.variable, find(service)]));
}

/** Compilers, when the sqlite3 package will have to be compiled: no binary yet and none to be downloaded. */
export async function ensureBuildTools() {
  if (!canInstall || hasSqliteBinary()) return;
  const complete = ['python3', 'make', 'g++'].every((command) => which(command) !== '') && hasSystemSqlite();
  if (!complete && !(await prebuiltReachable())) await aptInstall(BUILD_TOOLS);
}

function find({ variable, commands }) {
  const named = variable === undefined ? undefined : process.env[variable];
  if (named && existsSync(named)) return named;
  return commands.map(which).find((path) => path !== '') ?? '';
}

function which(command) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path)) ?? '';
}

async function aptInstall(packages) {
  // RUNLEVEL=1 keeps a freshly installed service from being started: the tests start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  try {
    if (!listsRead) await step('reading package lists (apt-get update)', 'apt-get', ['update', '-q'], env);
    listsRead = true;
    const args = ['install', '-q', '-y', '--no-install-recommends', ...packages];
    await step(`installing for the tests: ${packages.join(' ')} (apt-get install)`, 'apt-get', args, env);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
  }
}

async function prebuiltReachable() {
  try {
    const answer = await fetch('https://github.com/TryGhost/node-sqlite3', {
      method: 'HEAD',
      signal: AbortSignal.timeout(4000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
