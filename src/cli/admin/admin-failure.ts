/** Why a question to a running proxy has no answer; the message is for the person at the terminal. */
export class AdminFailure extends Error {
  override readonly name = 'AdminFailure';

  constructor(
    message: string,
    options: ErrorOptions = {},
    /** What was answered; null when nothing was. */
    readonly status: number | null = null,
  ) {
    super(message, options);
  }
}
