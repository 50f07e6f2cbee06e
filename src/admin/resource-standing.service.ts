import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import { CLOCK } from '../common/tokens.js';
import { HEALTH_VIEW, type HealthView } from '../health/resource-health.js';
import type { Resource } from '../resources/resource.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';

/** Why a resource takes no request at the moment, in words for the operator. */
@Injectable()
export class ResourceStandingService {
  constructor(
    @Inject(HEALTH_VIEW) private readonly health: Pick<HealthView, 'of' | 'refusal'>,
    @Inject(LIVE_STATE) private readonly live: Pick<LiveState, 'inFlight'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Null = it does. */
  problemOf({ id, maxConcurrency }: Pick<Resource, 'id' | 'maxConcurrency'>): string | null {
    const now = steadyNow(this.clock);
    const refusal = this.health.refusal(id, null, now);
    if (refusal === null) return this.#fullness(id, maxConcurrency);
    const { detail, reason } = this.health.of(id);
    const why = detail ?? `It is ${refusal.reason === 'cooling' ? 'paused' : 'unhealthy'} (${reason}).`;
    if (refusal.until === null) return why;
    const until = new Date(this.clock.now() + refusal.until - now).toISOString();
    return `${why} No request is sent there until ${until}.`;
  }

  #fullness(id: string, most: number | null): string | null {
    if (most === null || this.live.inFlight(id) < most) return null;
    return `As many requests are in flight as it may have at once (max_concurrency ${most}); more wait for a place.`;
  }
}
