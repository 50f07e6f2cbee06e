import { Injectable } from '@nestjs/common';
import { ProxyError } from '../common/errors.js';
import type { ModelAlias } from '../registry/model-alias.entity.js';
import type { ModelTerms } from '../registry/model-terms.js';
import { ModelsService } from '../registry/models.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import { UpstreamClient } from '../upstream/upstream-client.js';
import { ModelRoutingService } from './model-routing.service.js';
import { fails, skipped, type TrialStep, works } from './trial-steps.js';

const LIMIT_MS = 9_000;
/** A pool may have hundreds; these stand for the rest. */
const MOST_ASKED = 16;

/** One that requests for the alias may go to. */
export interface ModelTarget {
  readonly resource_id: string;
  /** Null when its upstream gave no list, or was not asked. */
  readonly lists_upstream_id: boolean | null;
}

export interface ModelTrial {
  readonly steps: TrialStep[];
  readonly targets: ModelTarget[];
}

/** Says where an alias would go, and stores nothing. */
@Injectable()
export class ModelTrialService {
  constructor(
    private readonly models: ModelsService,
    private readonly routing: ModelRoutingService,
    private readonly resources: ResourceRegistry,
    private readonly upstream: UpstreamClient,
  ) {}

  /** Throws `invalid_parameter` for what no alias may look like. */
  async tryDraft(terms: ModelTerms): Promise<ModelTrial> {
    try {
      return await this.try(this.models.draft(terms));
    } catch (e: unknown) {
      if (!(e instanceof ProxyError) || e.options.param !== 'provider_id') throw e;
      const fix = 'Register the provider first, or name one that GET /admin/providers lists.';
      return untargeted([this.#aliasStep(null, terms.alias)], e.message, fix);
    }
  }

  async try(row: ModelAlias): Promise<ModelTrial> {
    const alias = this.#aliasStep(row.id, row.alias);
    const { active, reason } = this.routing.of(row);
    const resources = this.#resourcesOf(row);
    if (!active || resources.length === 0)
      return untargeted([alias], reason ?? 'There are no resources.', fixFor(row));
    const targets = await this.#ask(resources, row.upstreamId);
    const where = row.providerId ?? (row.poolId === null ? 'any resource' : `the pool ${row.poolId}`);
    const target = works('target', `Requests for ${row.alias} go to ${where} as ${row.upstreamId}.`);
    return { steps: [alias, target, upstreamStep(row.upstreamId, targets)], targets };
  }

  #aliasStep(id: string | null, alias: string): TrialStep {
    const taken = this.models.list().some((other) => other.alias === alias && other.id !== id);
    return taken
      ? fails('alias', `There is an alias ${alias} already.`, 'Change that one, or choose another name.')
      : works('alias', `The name ${alias} can be used.`);
  }

  #resourcesOf({ providerId, poolId }: ModelAlias): Resource[] {
    return this.resources.snapshot.resources.filter((resource) =>
      providerId === null ? poolId === null || resource.poolId === poolId : resource.id === providerId,
    );
  }

  #ask(resources: readonly Resource[], upstreamId: string): Promise<ModelTarget[]> {
    return Promise.all(
      resources.map(async (resource, i) => {
        const asked = i < MOST_ASKED ? await this.upstream.listModels(resource, LIMIT_MS) : null;
        return {
          resource_id: resource.id,
          lists_upstream_id: asked?.models?.includes(upstreamId) ?? null,
        };
      }),
    );
  }
}

function untargeted(steps: TrialStep[], problem: string, fix: string): ModelTrial {
  const nobody = skipped('upstream_id', 'There is nobody to ask.');
  return { steps: [...steps, fails('target', problem, fix), nobody], targets: [] };
}

function fixFor({ enabled, providerId, poolId }: ModelAlias): string {
  if (!enabled) return 'Set enabled to true.';
  if (providerId !== null) return `POST /admin/providers/test with {"id": "${providerId}"} says more.`;
  return poolId === null
    ? 'Set OPENAI_API_KEY, or register a provider.'
    : 'Name a pool of GET /admin/state, or put a key or provider into this one.';
}

function upstreamStep(upstreamId: string, targets: readonly ModelTarget[]): TrialStep {
  const without = targets.filter((target) => target.lists_upstream_id === false);
  const unknown = targets.filter((target) => target.lists_upstream_id === null);
  const ids = (some: readonly ModelTarget[]): string => some.map((one) => one.resource_id).join(', ');
  if (without.length > 0)
    return fails(
      'upstream_id',
      `${ids(without)} ${without.length === 1 ? 'does' : 'do'} not list ${upstreamId}.`,
      'Check upstream_id (Azure: the name of the deployment; OpenRouter: vendor/model) and what these keys may use; or pin the alias to a provider or pool that has it.',
    );
  if (unknown.length === targets.length)
    return skipped('upstream_id', `No list of models could be had from ${ids(targets)}.`);
  const rest = unknown.length === 0 ? '' : ` ${ids(unknown)} gave no list or was not asked.`;
  return works('upstream_id', `It is listed where it would go.${rest}`);
}
