import type { Decision } from './wire.js';

/** What was left of a key's limits when it was last looked at, by model. */
export interface LimitsLeft {
  readonly model: string;
  readonly at: number;
  readonly requests: number | null;
  readonly tokens: number | null;
}

/** Limits are told per key and model with answers; the newest decisions carry what was known then. */
export function limitsLeft(resourceId: string, decisions: readonly Decision[]): LimitsLeft[] {
  const byModel = new Map<string, LimitsLeft>();
  for (const { model, at, candidates } of decisions) {
    const one = candidates.find(({ resource_id }) => resource_id === resourceId);
    if (one === undefined || model === null || byModel.has(model)) continue;
    const { remaining_requests: requests, remaining_tokens: tokens } = one;
    if (requests !== null || tokens !== null) byModel.set(model, { model, at, requests, tokens });
  }
  return [...byModel.values()];
}
