import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import { CLOCK } from '../common/tokens.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import { PEERS, type Peers } from '../state/peers.js';

/** How long one replica has the right to send the one request of a trial. What comes of it is told as a verdict. */
const CLAIM_MS = 2_000;
/** Less, so that the right is never used when another replica has it. */
const USED_WITHIN_MS = 1_500;

interface Claim {
  readonly granted: boolean;
  /** `steadyNow`. */
  readonly until: number;
}

/**
 * Which replica may try a key that is on trial: one of all. Routing asks and is answered at once; the others are asked
 * behind its back, the key is passed over meanwhile, and whoever waits is woken by the answer.
 */
@Injectable()
export class TrialClaims {
  /** By fingerprint. */
  readonly #claims = new Map<string, Claim>();

  constructor(
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Null = this process may. Otherwise when to ask again. */
  refusedUntil(fingerprint: string, now: number): number | null {
    if (this.peers.link.status !== 'up') return null;
    const known = this.#claims.get(fingerprint);
    if (known !== undefined && known.until > now) return known.granted ? null : known.until;
    const asked = { granted: false, until: now + CLAIM_MS };
    this.#claims.set(fingerprint, asked);
    void this.#ask(fingerprint);
    return asked.until;
  }

  async #ask(fingerprint: string): Promise<void> {
    const granted = await this.peers.claim(`trial:${fingerprint}`, CLAIM_MS);
    if (!granted) return;
    this.#claims.set(fingerprint, { granted, until: steadyNow(this.clock) + USED_WITHIN_MS });
    this.live.touch();
  }
}
