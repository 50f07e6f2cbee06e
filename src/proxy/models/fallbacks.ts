import type { RoutingHints } from '../../balancer/routing-hints.js';
import { RoutingRefusal } from '../../balancer/routing-refusal.js';
import type { AliasPin } from '../../common/alias-pin.js';
import { ProxyError } from '../../common/errors.js';
import { fallbackPins } from '../../registry/fallback-pins.js';
import type { ModelDirectory } from '../../registry/model-directory.service.js';
import type { Exchange } from '../exchange.js';
import type { AliasedBody } from '../model-rewrite.js';

export interface FallbackTerms<Result> {
  readonly models: Pick<ModelDirectory, 'find' | 'pinOf'>;
  /** Select, send, and so on, with what the exchange says now. */
  readonly run: () => Promise<Result>;
  /** Of the same request under another model. Throws where the caller may not go there. */
  readonly hintsFor: (pin: AliasPin) => RoutingHints;
}

/**
 * A request for an alias, and for its fallbacks where nobody can take it at all: nothing has been sent to anybody until
 * then. Whatever an upstream has answered is not told apart from what it would answer to another model, and stays.
 * Throws what the alias itself was refused with.
 */
export async function runWithFallbacks<Result>(
  exchange: Exchange,
  aliased: AliasedBody,
  { models, run, hintsFor }: FallbackTerms<Result>,
): Promise<Result> {
  // Of a WebSocket's first response: those of its handshake.
  const attempts = exchange.attempts.length;
  try {
    return await run();
  } catch (refusal: unknown) {
    if (!isNobody(exchange, refusal, attempts)) throw refusal;
    for (const pin of fallbackPins(models, aliased.pin.alias)) {
      const hints = allowed(hintsFor, pin);
      if (hints === null) continue;
      exchange.hints = hints;
      exchange.aliased = { ...aliased, pin };
      exchange.refusedBefore = exchange.decisions.length;
      try {
        return await run();
      } catch (error: unknown) {
        if (!isNobody(exchange, error, attempts)) throw error;
      }
    }
    throw refusal;
  }
}

/** Notes the decision that says so. */
function isNobody(exchange: Exchange, error: unknown, attempts: number): boolean {
  if (!(error instanceof RoutingRefusal) || error.code !== 'no_available_resources') return false;
  if (!exchange.decisions.includes(error.decision)) exchange.decisions.push(error.decision);
  return exchange.attempts.length === attempts && !exchange.clientGone;
}

/** A fallback that the caller's key or its pool rules out is passed over. */
function allowed(hintsFor: FallbackTerms<never>['hintsFor'], pin: AliasPin): RoutingHints | null {
  try {
    return hintsFor(pin);
  } catch (error: unknown) {
    if (error instanceof ProxyError) return null;
    throw error;
  }
}
