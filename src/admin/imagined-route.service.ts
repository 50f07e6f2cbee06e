import { Injectable } from '@nestjs/common';
import { Balancer } from '../balancer/balancer.service.js';
import { checkModelNamed } from '../balancer/key-terms.js';
import { checkOwnership } from '../balancer/ownership.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import type { AliasPin } from '../common/alias-pin.js';
import { ProxyError } from '../common/errors.js';
import type { ClientKey } from '../registry/client-key.entity.js';
import { fallbackPins } from '../registry/fallback-pins.js';
import { ModelDirectory } from '../registry/model-directory.service.js';
import { ProxyDoor } from '../registry/proxy-door.service.js';
import type { DecisionRecord } from '../state/live-state.js';
import type { FallbackDecisionDto, RouteExplainBody } from './dto/route-explain.dto.js';
import { imaginedHints } from './imagined-hints.js';

export interface ImaginedRoute {
  readonly decision: DecisionRecord;
  readonly fallbacks: readonly FallbackDecisionDto[];
}

/** Where a request would go now, through the same doors and by the same decisions as a real one. Nothing is changed. */
@Injectable()
export class ImaginedRouteService {
  constructor(
    private readonly balancer: Balancer,
    private readonly models: ModelDirectory,
    private readonly door: ProxyDoor,
  ) {}

  /** Throws `not_found` for a client key there is none of. */
  async explain(body: RouteExplainBody): Promise<ImaginedRoute> {
    const key = this.#keyOf(body.client_key_id ?? null);
    const decision = await this.#decide(body, this.models.pinOf(body.model ?? null), key);
    const fallbacks: FallbackDecisionDto[] = [];
    let open = decision.reason === 'no_available_resources';
    for (const pin of fallbackPins(this.models, body.model ?? '')) {
      const { resourceId, reason, explanation } = await this.#decide(body, pin, key);
      const used = open && resourceId !== null;
      fallbacks.push({ model: pin.alias, resource_id: resourceId, reason, explanation, used });
      open &&= !used;
    }
    return { decision, fallbacks };
  }

  #keyOf(id: string | null): ClientKey | null {
    if (id === null) return null;
    const key = this.door.termsOf(id);
    if (key === null) throw new ProxyError('not_found', 'There is no such client key.');
    return key;
  }

  async #decide(
    body: RouteExplainBody,
    alias: AliasPin | null,
    key: ClientKey | null,
  ): Promise<DecisionRecord> {
    // As it would be chosen were there no key to mind: what a refusal is shown beside.
    let hints = imaginedHints(body, alias, null);
    try {
      const objection = key === null ? null : this.door.objection({ callerId: key.id, key });
      if (objection !== null) throw objection;
      hints = imaginedHints(body, alias, key);
      checkModelNamed(key, hints);
    } catch (error: unknown) {
      return this.#refused(hints, key, error);
    }
    try {
      await this.balancer.recall(hints);
      checkOwnership(this.balancer, hints);
    } catch (error: unknown) {
      if (error instanceof RoutingRefusal) return error.decision;
      return this.#refused(hints, key, error);
    }
    return this.balancer.explain(hints);
  }

  /** A request that is turned away before anybody is chosen for it. */
  #refused(hints: RoutingHints, key: ClientKey | null, error: unknown): DecisionRecord {
    if (!(error instanceof ProxyError)) throw error;
    const guess = this.balancer.explain(hints);
    return {
      ...guess,
      callerId: key?.id ?? guess.callerId,
      resourceId: null,
      reason: error.code,
      explanation: error.message,
      cachedTokensAtStake: null,
      candidates: guess.candidates.map((one) => ({
        ...one,
        chosen: false,
        rejected: one.chosen ? 'refused_before' : one.rejected,
      })),
    };
  }
}
