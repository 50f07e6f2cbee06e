import { ProxyError } from '../common/errors.js';
import type { DecisionRecord } from '../state/live-state.js';
import type { RefusalReason } from './decide.js';

/** Nobody can serve the request. Carries the decision that says why, so that it can be recorded like any other. */
export class RoutingRefusal extends ProxyError {
  constructor(
    code: RefusalReason,
    message: string,
    options: { readonly retryAfterSeconds?: number; readonly shouldRetry?: boolean },
    readonly decision: DecisionRecord,
    /** Steady time at which somebody untried who could serve it is free again, as far as is known; null = nobody is due. */
    readonly freeAt: number | null = null,
  ) {
    super(code, message, options);
  }

  endsBy(until: number): boolean {
    return this.freeAt !== null && this.freeAt <= until;
  }
}
