/**
 * As script/steps.mjs and the image have it; a process that is started directly cannot give it to itself. With less heap to
 * begin with, full collections come while it grows: events of all streams wait for each.
 */
export const HEAP_FLAG = '--initial-old-space-size=256';

/** Whether `execArgv` has it, of whatever size. */
export function setsHeap(execArgv: readonly string[]): boolean {
  return execArgv.some((flag) => flag.replaceAll('_', '-').startsWith('--initial-old-space-size'));
}
