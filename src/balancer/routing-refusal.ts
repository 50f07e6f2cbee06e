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
  ) {
    super(code, message, options);
  }
}
