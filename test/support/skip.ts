import { describe } from 'vitest';

/**
 * `describe` when the thing is there; otherwise one loud line and a skipped suite, or a failure where `CI` is set: there
 * nothing may go untested in silence.
 */
export function describeWith(available: boolean, missing: string): typeof describe | typeof describe.skip {
  if (available) return describe;
  if (process.env['CI']) throw new Error(`${missing} is missing and CI is set`);
  console.warn(`\n*** SKIPPED: ${missing} is missing on this machine ***\n`);
  return describe.skip;
}
