import type { RoutingHints } from '../../balancer/routing-hints.js';
import { RoutingRefusal } from '../../balancer/routing-refusal.js';
import type { AliasPin } from '../../common/alias-pin.js';
import { ProxyError } from '../../common/errors.js';
import { fallbackPins } from '../../registry/fallback-pins.js';
import type { ModelDirectory } from '../../registry/model-directory.service.js';
import type { Exchange } from '../exchange.js';
import type { AliasedBody } from '../model-rewrite.js';
import { Unserved } from './unserved.js';

/** Of all models together, from which on no other fallback is begun: each may make a few, and the client waits for all. */
const ENOUGH_ATTEMPTS = 6;

export interface FallbackTerms<Result> {
  readonly models: Pick<ModelDirectory, 'find' | 'pinOf'>;
  /** Select, send, and so on, with what the exchange says now. */
  readonly run: () => Promise<Result>;
  /** Of the same request under another model. Throws where the caller may not go there. */
  readonly hintsFor: (pin: AliasPin) => RoutingHints;
}

/**
 * A request for an alias, and for its fallbacks where nobody can take it, or whoever was asked refused it or was not
 * reached: nothing has run until then. What an upstream has answered to the request itself is not told apart from what it
 * would answer to another model, and stays. Throws what the alias itself came to where no fallback is served.
 */
export async function runWithFallbacks<Result>(
  exchange: Exchange,
  aliased: AliasedBody,
  { models, run, hintsFor }: FallbackTerms<Result>,
): Promise<Result> {
  const asked = exchange.hints;
  // Of a WebSocket's first response: those of its handshake.
  let attempts = exchange.attempts.length;
  try {
    return await run();
  } catch (own: unknown) {
    if (!isNobody(exchange, own, attempts)) throw own;
    for (const pin of fallbackPins(models, aliased.pin.alias)) {
      if (exchange.attempts.length >= ENOUGH_ATTEMPTS) break;
      const hints = allowed(hintsFor, pin);
      if (hints === null) continue;
      exchange.hints = hints;
      exchange.aliased = { ...aliased, pin };
      if (!exchange.recorded) exchange.refusedBefore = exchange.decisions.length;
      attempts = exchange.attempts.length;
      try {
        return await run();
      } catch (error: unknown) {
        const unasked = exchange.attempts.length === attempts;
        if (unasked) {
          exchange.hints = asked;
          exchange.aliased = aliased;
        }
        if (!(unasked && isCrowded(error)) && !isUnserved(exchange, error, attempts)) throw error;
      }
    }
    exchange.hints = asked;
    exchange.aliased = aliased;
    throw own;
  }
}

/** What hangs on something stored elsewhere is told so, and not asked of another model. */
function isNobody(exchange: Exchange, error: unknown, attempts: number): boolean {
  if (error instanceof RoutingRefusal && error.code !== 'no_available_resources') return false;
  return isUnserved(exchange, error, attempts);
}

/** Notes the decision that says so. */
function isUnserved(exchange: Exchange, error: unknown, attempts: number): boolean {
  if (exchange.clientGone) return false;
  if (error instanceof Unserved) return true;
  if (!(error instanceof RoutingRefusal) || exchange.attempts.length !== attempts) return false;
  if (!exchange.decisions.includes(error.decision)) exchange.decisions.push(error.decision);
  return true;
}

/** There is no room to wait for it. */
function isCrowded(error: unknown): boolean {
  return error instanceof ProxyError && error.code === 'overloaded';
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
