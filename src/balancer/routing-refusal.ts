import { ProxyError, type ErrorCode } from '../common/errors.js';
import type { DecisionRecord } from '../state/live-state.js';

/** Nobody can serve the request. Carries the decision that says why, so that it can be recorded like any other. */
export class RoutingRefusal extends ProxyError {
  constructor(
    code: Extract<ErrorCode, 'no_available_resources' | 'affinity_unavailable' | 'affinity_lost'>,
    message: string,
    options: { readonly retryAfterSeconds?: number; readonly shouldRetry?: boolean },
    readonly decision: DecisionRecord,
  ) {
    super(code, message, options);
  }
}
