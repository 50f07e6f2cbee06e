// `npm run test:nodes`: the suites that stand closest to the runtime, on the other Node versions that are supported.
// Node's HTTP internals differ between them: a stream that is right on one has been wrong on another.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, say } from './steps.mjs';
import { secondTry } from './second-try.mjs';

const MAJORS = ['20', '22', '24'];
const SUITES = [
  'src/proxy',
  'src/upstream',
  'src/usage',
  'test/e2e/compressed-bodies',
  'test/e2e/proxy-json-sse',
  'test/e2e/backpressure',
  'test/e2e/cut-streams',
  'test/e2e/disconnect',
  'test/e2e/drain',
  'test/e2e/history',
  'test/e2e/hostile-edges',
  'test/e2e/sdk',
  'test/e2e/websocket.spec',
  'test/e2e/websocket-clients',
  'test/e2e/websocket-endings',
];

/** Path of a Node binary of that major version, from the package registry; null where it has none for this machine. */
function nodeOf(major) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const home = join(ROOT, '.cache', `node-${major}`);
  const binary = join(home, 'node_modules', name, 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(home, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', home];
  const done = spawnSync('npm', ['install', ...flags, `${name}@${major}`], { stdio: 'ignore' });
  return done.status === 0 && existsSync(binary) ? binary : null;
}

let failed = 0;
for (const major of MAJORS) {
  if (process.versions.node.startsWith(`${major}.`)) continue;
  const binary = nodeOf(major);
  if (binary === null) {
    say(`SKIPPED: no Node ${major} can be had for this machine`);
    if (process.env.CI) failed += 1;
    continue;
  }
  say(`Node ${major}: ${SUITES.length} suites`);
  const env = { ...process.env, RPX_TEST_REPORT: '' };
  const run = spawnSync(binary, ['node_modules/vitest/vitest.mjs', 'run', ...secondTry(), ...SUITES], {
    cwd: ROOT,
    stdio: 'inherit',
    env,
  });
  if (run.status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
