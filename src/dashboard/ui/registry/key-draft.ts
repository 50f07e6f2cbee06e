import {
  asLocalTime,
  asText,
  changedTerms,
  decimal,
  lines,
  localTime,
  wholeNumber,
} from '../forms/read-values.js';
import type { KeyTerms } from './registry-wire.js';

export type KeyDraft = {
  readonly name: string;
  readonly expires_at: string;
  readonly allowed_pools: string;
  readonly allowed_models: string;
  readonly requests_per_minute: string;
  readonly tokens_per_minute: string;
  readonly daily_tokens: string;
  readonly monthly_tokens: string;
  readonly daily_cost_usd: string;
  readonly monthly_cost_usd: string;
};

export const NEW_KEY: KeyDraft = {
  name: '',
  expires_at: '',
  allowed_pools: '',
  allowed_models: '',
  requests_per_minute: '',
  tokens_per_minute: '',
  daily_tokens: '',
  monthly_tokens: '',
  daily_cost_usd: '',
  monthly_cost_usd: '',
};

export function keyDraft(row: KeyTerms): KeyDraft {
  return {
    name: row.name,
    expires_at: asLocalTime(row.expires_at),
    allowed_pools: (row.allowed_pools ?? []).join('\n'),
    allowed_models: (row.allowed_models ?? []).join('\n'),
    requests_per_minute: asText(row.requests_per_minute),
    tokens_per_minute: asText(row.tokens_per_minute),
    daily_tokens: asText(row.daily_tokens),
    monthly_tokens: asText(row.monthly_tokens),
    daily_cost_usd: asText(row.daily_cost_usd),
    monthly_cost_usd: asText(row.monthly_cost_usd),
  };
}

/** The body of a POST; null is no limit. Throws FieldProblem. */
export function newKeyBody(draft: KeyDraft): Record<string, unknown> {
  return {
    name: draft.name.trim(),
    expires_at: localTime('expires_at', draft.expires_at),
    allowed_pools: lines(draft.allowed_pools),
    allowed_models: lines(draft.allowed_models),
    requests_per_minute: wholeNumber('requests_per_minute', draft.requests_per_minute),
    tokens_per_minute: wholeNumber('tokens_per_minute', draft.tokens_per_minute),
    daily_tokens: wholeNumber('daily_tokens', draft.daily_tokens),
    monthly_tokens: wholeNumber('monthly_tokens', draft.monthly_tokens),
    daily_cost_usd: decimal('daily_cost_usd', draft.daily_cost_usd),
    monthly_cost_usd: decimal('monthly_cost_usd', draft.monthly_cost_usd),
  };
}

/** The body of a PATCH: only what differs. Throws FieldProblem. */
export function changedKeyBody(initial: KeyDraft, draft: KeyDraft): Record<string, unknown> {
  return changedTerms(newKeyBody(initial), newKeyBody(draft));
}
