/** Something the person who moves the data must know and can act on; the message says both. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}
