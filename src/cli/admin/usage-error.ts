/** The command line is wrong, and how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
