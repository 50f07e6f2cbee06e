/** What the primary and the processes that serve tell each other; anything else on that channel is none of ours. */

export type ToPrimary =
  /** It listens, with so many keys. */
  | { readonly rpx: 'up'; readonly resources: number }
  /** It has been told to stop; `left` follows. */
  | { readonly rpx: 'leaving' }
  /** Somebody asks it for the metrics of all. */
  | { readonly rpx: 'ask_metrics'; readonly id: number }
  /** Its own, as asked by `read_metrics`. */
  | { readonly rpx: 'metrics'; readonly id: number; readonly text: string };

export type ToMember =
  /** Second signal: do not wait for running requests. */
  | { readonly rpx: 'hurry' }
  /** Whether others take new connections, so that it need not. */
  | { readonly rpx: 'left'; readonly othersTake: boolean }
  | { readonly rpx: 'read_metrics'; readonly id: number }
  | { readonly rpx: 'all_metrics'; readonly id: number; readonly texts: readonly string[] };

export function isOurs(message: unknown): message is { readonly rpx: string } {
  return typeof message === 'object' && message !== null && 'rpx' in message;
}

/** Place of a process among those on its port, from 1: a process that takes the place of another one has its number. */
export const PLACE_VARIABLE = 'RPX_PROCESS';
