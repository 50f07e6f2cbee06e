import type { ClientKey } from '../../registry/client-key.entity.js';
import { isShareTaken, type Sharing } from './budget-share.js';

/** Money in millionths of a US dollar. */
export interface Amount {
  readonly tokens: number;
  readonly cost: number;
}

/** What a key has used, as far as this process knows. */
export interface KeyUse {
  /** Within the last minute. */
  readonly minute: { readonly requests: number; readonly tokens: number };
  /** Set aside for its requests that are running. */
  readonly held: Amount;
  /** The same in other processes; of tokens a minute they tell it with what they have used. */
  readonly heldElsewhere: Amount;
  /** Those that take of the same budgets at the same time; null = nobody else does. */
  readonly sharing: Sharing | null;
  /** Used for good, this day and month in UTC. */
  readonly day: Amount;
  readonly month: Amount;
}

export type KeyTerms = Pick<
  ClientKey,
  'requestsPerMinute' | 'tokensPerMinute' | 'dailyTokens' | 'monthlyTokens' | 'dailyCost' | 'monthlyCost'
>;

export function hasBudget(terms: KeyTerms | null): boolean {
  return (
    terms !== null && (terms.dailyTokens !== null || terms.monthlyTokens !== null || hasMoneyBudget(terms))
  );
}

export function hasMoneyBudget({
  dailyCost,
  monthlyCost,
}: Pick<KeyTerms, 'dailyCost' | 'monthlyCost'>): boolean {
  return dailyCost !== null || monthlyCost !== null;
}

/** Which term of a key stands against a request. */
export interface Exceeded {
  /** `held`: what is left of it is set aside for requests that are running, or for what other processes may let in. */
  readonly kind: 'rate' | 'budget' | 'held';
  readonly of: 'requests' | 'tokens' | 'cost';
  readonly span: 'minute' | 'day' | 'month';
  readonly limit: number;
  readonly used: number;
}

/**
 * Null = it may go on. A request passes while anything is left beside what runs, so the last one may end beyond the
 * limit, and each of those that run by what its estimate was short of. `spends`: the request runs the model; others
 * cost nothing and count as requests only.
 */
export function limitExceeded(terms: KeyTerms, use: KeyUse, spends: boolean): Exceeded | null {
  const { minute, held, heldElsewhere: others, sharing } = use;
  const budgets = spends ? budgetsOf(terms, use) : [];
  const over = budgets.find(({ limit, used }) => used >= limit);
  if (over !== undefined) return { kind: 'budget', ...over };
  const { requestsPerMinute: requests, tokensPerMinute: tokens } = terms;
  if (requests !== null && minute.requests >= requests)
    return { kind: 'rate', of: 'requests', span: 'minute', limit: requests, used: minute.requests };
  if (!spends) return null;
  if (tokens !== null && minute.tokens >= tokens)
    return { kind: 'rate', of: 'tokens', span: 'minute', limit: tokens, used: minute.tokens };
  if (tokens !== null && minute.tokens + held.tokens >= tokens)
    return { kind: 'held', of: 'tokens', span: 'minute', limit: tokens, used: minute.tokens };
  const spoken = budgets.find(({ of, limit, used }) => {
    const left = limit - used - held[of] - others[of];
    return left <= 0 || isShareTaken(left, of, sharing);
  });
  return spoken === undefined ? null : { kind: 'held', ...spoken };
}

/** The same where only `held` is set aside: what the rest was set aside for is asked for anew. */
export function withHeld(use: KeyUse, held: Amount): KeyUse {
  if (use.sharing === null) return { ...use, held };
  const { taken, processes } = use.sharing;
  const tokens = Math.max(0, taken.tokens - (use.held.tokens - held.tokens));
  const cost = Math.max(0, taken.cost - (use.held.cost - held.cost));
  return { ...use, held, sharing: { processes, taken: { tokens, cost } } };
}

interface Budget {
  readonly of: 'tokens' | 'cost';
  readonly span: 'day' | 'month';
  readonly limit: number;
  readonly used: number;
}

function budgetsOf(terms: KeyTerms, { day, month }: KeyUse): Budget[] {
  const all: readonly (readonly [Budget['of'], Budget['span'], number | null, number])[] = [
    ['tokens', 'month', terms.monthlyTokens, month.tokens],
    ['cost', 'month', terms.monthlyCost, month.cost],
    ['tokens', 'day', terms.dailyTokens, day.tokens],
    ['cost', 'day', terms.dailyCost, day.cost],
  ];
  return all.flatMap(([of, span, limit, used]) => (limit === null ? [] : [{ of, span, limit, used }]));
}
