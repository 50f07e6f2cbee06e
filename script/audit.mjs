// `npm run audit`: asks the registry what is known against the packages that are delivered. Exit 0: nothing high or critical;
// 1: something is; 3: it could not be asked, and nothing is known either way.
import { askForAdvisories } from './advisories.mjs';
import { say } from './steps.mjs';

const FOUND = 1;
const NOT_ASKED = 3;

const { counts, severe, why } = askForAdvisories('--omit=dev');
if (why !== undefined) {
  say(`advisories could not be asked for: ${why}`);
  process.exitCode = NOT_ASKED;
} else {
  for (const line of severe) say(line);
  const { critical, high, moderate, low, info } = counts;
  say(`advisories: ${critical + high} critical or high, ${moderate + low + info} others`);
  if (critical + high > 0) process.exitCode = FOUND;
}
