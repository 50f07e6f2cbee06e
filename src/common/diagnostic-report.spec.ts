import { expect, it } from 'vitest';
import { leaveEnvironmentOut } from './diagnostic-report.js';

it('is told to leave the environment out by whoever can', () => {
  const report = { excludeEnv: false };
  expect([leaveEnvironmentOut(report), report]).toEqual([true, { excludeEnv: true }]);
  expect([leaveEnvironmentOut({}), leaveEnvironmentOut(undefined)]).toEqual([
    false,
    'excludeEnv' in process.report,
  ]);
});

it('has no environment then', () => {
  process.env['RPX_REPORT_CANARY'] = 'canary-of-a-report';
  const left = leaveEnvironmentOut();
  const told = JSON.stringify(process.report.getReport()).includes('canary-of-a-report');
  delete process.env['RPX_REPORT_CANARY'];
  // Node 20 has no such setting: nothing but the report's owner keeps it there.
  expect(told).toBe(!left);
});
