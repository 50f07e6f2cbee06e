// CI runs a failed test once more, on a machine whose two cores it shares with everything the test starts. What passed
// only then is named at the end: a defect to mend, not a pass to forget.
import { relative } from 'node:path';

// oxlint-disable-next-line import/no-default-export -- vitest asks for one
export default class FlakyReporter {
  #flaky = [];

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#flaky.push(test);
  }

  onTestRunEnd() {
    for (const test of this.#flaky) {
      console.log(
        `FLAKY ${relative(process.cwd(), test.module.moduleId)} > ${test.fullName} (passed when run again)`,
      );
      for (const error of test.result().errors ?? []) console.log(`  ${error.message}`);
    }
  }
}
