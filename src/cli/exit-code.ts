/** Exit codes, after sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Of `doctor`: something is not as it should be. */
  warnings: 1,
  /** Of `doctor`: something does not work. */
  errors: 2,
  /** The environment is wrong. */
  config: 78,
  /** By a signal, as shells count: 128 and SIGINT. */
  stopped: 130,
} as const;
