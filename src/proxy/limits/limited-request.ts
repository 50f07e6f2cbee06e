import { generates, type RoutingHints } from '../../balancer/routing-hints.js';
import type { ClientKey } from '../../registry/client-key.entity.js';
import type { Exchange } from '../exchange.js';

/** What the limits of a key need to know of a request. */
export interface LimitedRequest {
  readonly key: ClientKey | null;
  /** It runs the model. */
  readonly spends: boolean;
  readonly model: string | null;
  readonly bodyBytes: number;
}

export function limitedRequest({ caller, body }: Exchange, hints: RoutingHints): LimitedRequest {
  return { key: caller.key, spends: generates(hints), model: hints.model, bodyBytes: body?.length ?? 0 };
}
