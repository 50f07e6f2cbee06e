import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { PEERS, type Peers } from '../state/peers.js';
import { SPOOL, type Spool } from '../usage/spool.js';

/** What this replica tells the others of the records it keeps. */
@Injectable()
export class ReplicaFacts {
  constructor(@Inject(PEERS) peers: Peers, @Inject(SPOOL) spool: Spool, @Inject(CLOCK) clock: Clock) {
    peers.describe(() => {
      const { pending, oldestAt } = spool.status();
      const lagMs = oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt);
      return { pending, lagMs };
    });
  }
}
