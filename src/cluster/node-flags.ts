/** As script/steps.mjs and the image have it; a process that is started directly cannot give it to itself. */
const HEAP = '--initial-old-space-size=256';

/** Flags of the processes that serve, from those of the primary. */
export function nodeFlags(own: readonly string[]): readonly string[] {
  return own.some((flag) => flag.startsWith('--initial-old-space-size')) ? own : [...own, HEAP];
}
