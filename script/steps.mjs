// What a checkout needs before it runs: the right Node, installed packages, a build. Node's own modules only, because
// nothing else is there yet on a fresh clone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const MAIN = join(ROOT, 'dist/cli/main.js');
/** A heap that does not have to grow first: fewer collections in the first minutes. The image has them, too. */
export const NODE_FLAGS = ['--initial-old-space-size=256'];
export const BUILD_TOOLS = ['python3', 'make', 'g++', 'libsqlite3-dev'];

const INSTALL_STAMP = join(ROOT, 'node_modules/.responses-proxy-stamp');
const BUILD_STAMP = join(ROOT, 'dist/.stamp');
const SQLITE_BINARY = join(ROOT, 'node_modules/sqlite3/build/Release/node_sqlite3.node');
const SYSTEM_SQLITE = '/usr/include/sqlite3.h';
const SLOW_INSTALL_MS = 60_000;

export class StepError extends Error {}

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  // The odd ones and early 22 cannot `require` ES modules, which some packages do.
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return;
  throw new StepError(
    `Node ${process.versions.node} cannot run this: Responses Proxy needs Node 20.19 or newer, 22.12 or newer, or 24.`,
  );
}

/** An installed package has no sources: there is nothing to install or build. */
export function isCheckout() {
  return existsSync(join(ROOT, 'src'));
}

export async function install() {
  const stamp = sha256([readFileSync(join(ROOT, 'package-lock.json')), process.version]);
  if (readStamp(INSTALL_STAMP) === stamp && existsSync(SQLITE_BINARY)) return;
  if (installedAsLocked()) return writeStamp(INSTALL_STAMP, stamp);
  requireWritable(join(ROOT, 'node_modules'));
  const slow = setTimeout(() => say(slowInstallHint()), SLOW_INSTALL_MS);
  try {
    await step('installing packages', 'npm', npmArguments(), npmEnvironment());
  } catch (error) {
    throw new StepError(installAdvice(error));
  } finally {
    clearTimeout(slow);
  }
  writeStamp(INSTALL_STAMP, stamp);
}

export async function build() {
  const stamp = sha256(sourceFiles().flatMap((path) => [path, readFileSync(join(ROOT, path))]));
  if (readStamp(BUILD_STAMP) === stamp && existsSync(MAIN)) return;
  // The compiler believes this file about what it has written; without the output it would write nothing.
  if (!existsSync(MAIN)) rmSync(join(ROOT, 'dist/.tsbuildinfo'), { force: true });
  rmSync(BUILD_STAMP, { force: true });
  await step('building the server', process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build']);
  const vite = ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'];
  await step('building the dashboard', process.execPath, [
    ...vite,
    '--config',
    'src/dashboard/vite.config.ts',
  ]);
  writeStamp(BUILD_STAMP, stamp);
}

export function say(line) {
  process.stderr.write(`responses-proxy: ${line}\n`);
}

/** Runs one command quietly: a line when it starts and one with its time; its output only when it fails. */
export async function step(title, command, args, env = process.env) {
  say(`${title} …`);
  const begin = performance.now();
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = (output + chunk).slice(-20_000)));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (code !== 0)
    throw new StepError(`${output.trimEnd()}\n${title}: failed after ${seconds} s (exit ${code})`);
  say(`${title}: done in ${seconds} s`);
}

export function hasSystemSqlite() {
  return existsSync(SYSTEM_SQLITE);
}

export function hasSqliteBinary() {
  return existsSync(SQLITE_BINARY);
}

function npmArguments() {
  return ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
}

/** sqlite3 is compiled where no prebuilt binary can be had: against the system's library in seconds, else for minutes. */
function npmEnvironment() {
  const env = { ...process.env };
  if (hasSystemSqlite()) env.npm_config_sqlite ??= '/usr';
  // Headers that came with this Node spare node-gyp a download.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include/node/node_api.h'))) env.npm_config_nodedir ??= prefix;
  return env;
}

function slowInstallHint() {
  const faster = hasSystemSqlite()
    ? ''
    : '; with `apt-get install libsqlite3-dev` it takes less than a minute';
  return `still installing: sqlite3 is probably being compiled, which can take 5 minutes${faster}`;
}

function installAdvice(error) {
  const text = error instanceof Error ? error.message : String(error);
  const advice = [];
  if (/EROFS|EACCES|EPERM/.test(text))
    advice.push(
      'node_modules cannot be written: make it writable for this user, or remove it and start again.',
    );
  if (/gyp|node_sqlite3|not found: make|g\+\+/.test(text))
    advice.push(
      `sqlite3 could not be compiled. On Debian or Ubuntu: apt-get install -y ${BUILD_TOOLS.join(' ')}`,
    );
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(text))
    advice.push('The package registry cannot be reached: check the network, or `npm config get registry`.');
  return [text, ...advice].join('\n');
}

function requireWritable(directory) {
  const target = existsSync(directory) ? directory : ROOT;
  try {
    accessSync(target, constants.W_OK);
  } catch {
    throw new StepError(
      `${target} cannot be written and packages have to be installed there: ` +
        `give it to this user (chown -R "$(id -un)" ${target}), or mount it writable.`,
    );
  }
}

/** True when somebody ran npm themselves and every required package is there in its locked version. */
function installedAsLocked() {
  try {
    const locked = readJson('package-lock.json').packages;
    const installed = readJson('node_modules/.package-lock.json').packages;
    const complete = Object.entries(locked).every(
      ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
    );
    return complete && existsSync(SQLITE_BINARY);
  } catch {
    return false;
  }
}

function sourceFiles() {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  const settings = [
    'package.json',
    'package-lock.json',
    'nest-cli.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  return [...sources, ...settings].sort();
}

function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** A stamp only saves time: a read-only directory is no reason not to start. */
function writeStamp(path, stamp) {
  try {
    writeFileSync(path, stamp);
  } catch (error) {
    say(`cannot write ${path} (${error.code}); the next start will check again`);
  }
}

function sha256(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
