import { generates, type RoutingHints } from '../../balancer/routing-hints.js';
import type { ClientKey } from '../../registry/client-key.entity.js';
import type { Exchange } from '../exchange.js';

/** What the limits of a key need to know of a request. */
export interface LimitedRequest {
  readonly key: ClientKey | null;
  /** It runs the model. */
  readonly spends: boolean;
  readonly model: string | null;
  /** What its body may hold, decoded: as routing counts it. */
  readonly inputTokens: number;
}

export function limitedRequest({ caller }: Exchange, hints: RoutingHints): LimitedRequest {
  const { model, inputTokens } = hints;
  return { key: caller.key, spends: generates(hints), model, inputTokens };
}
