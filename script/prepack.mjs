// Before `npm pack` and `npm publish`: a build of these sources and nothing older, and the list of what it was tested with.
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeBill } from './bill-of-materials.mjs';
import { build, MAIN, requireNode, say, StepError } from './steps.mjs';

try {
  requireNode();
  rmSync(dirname(dirname(MAIN)), { recursive: true, force: true });
  await build();
  writeBill();
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
