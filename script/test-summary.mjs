// The last lines of a CI run, from vitest's JSON report: what failed and why, then the count. A skipped test is a
// failure here: CI has everything.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const MESSAGE_LINES = 12;
const MESSAGE_CHARACTERS = 6_000;

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const failures = report.testResults.flatMap((file) => failuresOf(file));
const skipped = report.numPendingTests + report.numTodoTests;

for (const { name, message } of failures) {
  console.log(
    `FAILED ${name}\n${message.split('\n').slice(0, MESSAGE_LINES).join('\n').slice(0, MESSAGE_CHARACTERS)}\n`,
  );
}
if (skipped > 0) console.log(`${skipped} tests were skipped, which CI does not allow`);
console.log(`${report.numPassedTests} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 || skipped > 0 || report.numPassedTests === 0 ? 1 : 0;

/** Its failed tests; a file that could not be run at all is one failure. */
function failuresOf(file) {
  const path = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter((test) => test.status === 'failed');
  if (file.status === 'failed' && failed.length === 0) return [{ name: path, message: file.message ?? '' }];
  return failed.map((test) => ({
    name: `${path} > ${test.fullName}`,
    message: (test.failureMessages ?? []).join('\n'),
  }));
}
