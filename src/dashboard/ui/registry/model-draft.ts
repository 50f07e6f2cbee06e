import { FieldProblem } from '../forms/field-problem.js';
import { asText, changedTerms, decimal, givenTerms, lines, orNull } from '../forms/read-values.js';
import type { ModelRow } from './registry-wire.js';

export type ModelDraft = {
  readonly alias: string;
  readonly display_name: string;
  readonly kind: string;
  /** Who may serve it: `any`, `provider` or `pool`. */
  readonly served_by: string;
  readonly provider_id: string;
  readonly pool_id: string;
  readonly upstream_id: string;
  readonly fallbacks: string;
  readonly capabilities: string;
  readonly 'prices.input': string;
  readonly 'prices.output': string;
  readonly 'prices.cached_input': string;
  readonly enabled: boolean;
};

export const NEW_MODEL: ModelDraft = {
  alias: '',
  display_name: '',
  kind: 'model',
  served_by: 'any',
  provider_id: '',
  pool_id: '',
  upstream_id: '',
  fallbacks: '',
  capabilities: '',
  'prices.input': '',
  'prices.output': '',
  'prices.cached_input': '',
  enabled: true,
};

export function modelDraft(row: ModelRow): ModelDraft {
  return {
    alias: row.alias,
    display_name: asText(row.display_name),
    kind: row.kind,
    served_by: row.provider_id === null ? (row.pool_id === null ? 'any' : 'pool') : 'provider',
    provider_id: asText(row.provider_id),
    pool_id: asText(row.pool_id),
    upstream_id: row.upstream_id,
    fallbacks: (row.fallbacks ?? []).join('\n'),
    capabilities: (row.capabilities ?? []).join('\n'),
    'prices.input': asText(row.prices?.input ?? null),
    'prices.output': asText(row.prices?.output ?? null),
    'prices.cached_input': asText(row.prices?.cached_input ?? null),
    enabled: row.enabled,
  };
}

/** The body of a POST, and of a trial. Throws FieldProblem. */
export function newModelBody(draft: ModelDraft): Record<string, unknown> {
  return givenTerms(termsOf(draft));
}

/** The body of a PATCH: only what differs. Throws FieldProblem. */
export function changedModelBody(initial: ModelDraft, draft: ModelDraft): Record<string, unknown> {
  return changedTerms(termsOf(initial), termsOf(draft));
}

function termsOf(draft: ModelDraft): Record<string, unknown> {
  return {
    alias: draft.alias.trim(),
    display_name: orNull(draft.display_name),
    kind: draft.kind,
    provider_id: pin(draft, 'provider', 'provider_id', 'Choose the provider that serves it.'),
    pool_id: pin(draft, 'pool', 'pool_id', 'Name the pool that serves it.'),
    upstream_id: draft.upstream_id.trim(),
    fallbacks: lines(draft.fallbacks),
    capabilities: lines(draft.capabilities),
    prices: pricesOf(draft),
    enabled: draft.enabled,
  };
}

function pin(
  draft: ModelDraft,
  by: string,
  field: 'provider_id' | 'pool_id',
  missing: string,
): string | null {
  if (draft.served_by !== by) return null;
  if (draft[field] === '') throw new FieldProblem(field, missing);
  return draft[field];
}

function pricesOf(draft: ModelDraft): Record<string, number | null> | null {
  const input = decimal('prices.input', draft['prices.input']);
  const output = decimal('prices.output', draft['prices.output']);
  const cachedInput = decimal('prices.cached_input', draft['prices.cached_input']);
  if (input === null && output === null && cachedInput === null) return null;
  if (input === null)
    throw new FieldProblem('prices.input', 'Prices need this one too, or leave all of them empty.');
  if (output === null)
    throw new FieldProblem('prices.output', 'Prices need this one too, or leave all of them empty.');
  return { input, output, cached_input: cachedInput };
}
