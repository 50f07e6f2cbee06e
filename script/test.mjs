// `npm test`: from a fresh clone to a finished test run, with real services where they can be had.
// `--prepare` stops before the tests; other arguments are passed on to vitest.
import { spawn } from 'node:child_process';
import { build, install, requireNode, ROOT, say, StepError } from './steps.mjs';
import { secondTry } from './second-try.mjs';
import { ensureBuildTools, ensureServices } from './test-services.mjs';

try {
  requireNode();
  const services = await ensureServices();
  await ensureBuildTools();
  await install();
  await build();
  const args = process.argv.slice(2);
  if (!args.includes('--prepare')) process.exitCode = await vitest(args, services);
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

function vitest(args, services) {
  const { RPX_TEST_REPORT: report } = process.env;
  const reporters = report
    ? [
        '--reporter=default',
        '--reporter=./script/flaky-reporter.mjs',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ]
    : [];
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...secondTry(), ...reporters, ...args],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...services },
    },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
