import type { Facts } from './facts.js';
import type { Finding } from './finding.js';

type Group = Exclude<keyof Facts, 'now'>;
export type Given<G extends Group> = Facts & { readonly [P in G]-?: NonNullable<Facts[P]> };

/** One question to the facts. */
export interface Check {
  readonly name: string;
  /** What it looks at. */
  readonly title: string;
  /** Null when what it needs could not be seen: `otherwise` says how to see it. */
  readonly look: (facts: Facts) => readonly Finding[] | null;
  readonly otherwise: string;
}

/** `look` is only asked with all it needs. */
export function check<G extends Group>(
  name: string,
  title: string,
  needs: readonly G[],
  otherwise: string,
  look: (facts: Given<G>) => readonly Finding[],
): Check {
  return {
    name,
    title,
    otherwise,
    look: (facts) => (needs.every((group) => facts[group] != null) ? look(facts as Given<G>) : null),
  };
}

export const BY_THE_PROXY = 'only a running proxy knows; start it';
