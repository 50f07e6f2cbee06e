// The last line of a CI run, from vitest's JSON report. A skipped test is a failure here: CI has everything.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length;
const skipped = report.numPendingTests + report.numTodoTests;
const failed = report.numFailedTests + brokenFiles;

if (brokenFiles > 0) console.log(`${brokenFiles} test files could not be run`);
if (skipped > 0) console.log(`${skipped} tests were skipped, which CI does not allow`);
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed > 0 || skipped > 0 || report.numPassedTests === 0 ? 1 : 0;
