/** What list prices are of; some upstreams name their one tier. */
const LISTED: ReadonlySet<string> = new Set(['default', 'auto', 'standard', 'on_demand']);

/** The dearest that lists say: priority costs 1.7 to 2.5 times as much, by the model; flex and batch half of it. */
const PRIORITY = 2.5;

/** As the answer names it; null = it names none. Another one is sold at prices that no catalogue here knows. */
export function hasListPrice(tier: string | null): boolean {
  return tier === null || tier === '' || LISTED.has(tier);
}

/** List prices that such an answer may have cost: no less, as far as anybody knows. */
export function timesListPrice(tier: string | null): number {
  return tier === 'priority' ? PRIORITY : 1;
}
