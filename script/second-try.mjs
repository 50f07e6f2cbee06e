/**
 * Arguments for vitest: CI runs a failed test once more, on two cores shared with everything the tests start. The
 * flaky reporter names what passed only then; at a desk a failure is a failure at once.
 */
export function secondTry() {
  return process.env.CI ? ['--retry=1'] : [];
}
