import type { Peer } from '../../state/peers.js';
import type { MinuteUse } from './key-limits.js';

/** What all other processes say a key has done within the last minute. */
export function minuteElsewhere(
  peers: readonly Pick<Peer, 'self' | 'keyMinutes'>[],
  keyId: string,
): MinuteUse {
  let [requests, tokens] = [0, 0];
  for (const { self, keyMinutes } of peers) {
    const told = self ? undefined : keyMinutes?.[keyId];
    if (told === undefined) continue;
    requests += told[0];
    tokens += told[1];
  }
  return [requests, tokens];
}
