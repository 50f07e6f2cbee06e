/**
 * A report that Node writes on a signal or a crash holds the environment, and with it every key. Node 22.13, 23.3 and
 * later can leave it out; others cannot, and tell it whoever asks for one.
 */
export function leaveEnvironmentOut(report: object | undefined = process.report): boolean {
  if (report === undefined || !('excludeEnv' in report)) return false;
  report.excludeEnv = true;
  return true;
}
