/** Why a question to a running proxy has no answer; the message is for the person at the terminal. */
export class AdminFailure extends Error {
  override readonly name = 'AdminFailure';
}
