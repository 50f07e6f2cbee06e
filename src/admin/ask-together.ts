import type { TrialAnswer } from '../upstream/trial-sink.js';

export type Ask = (limitMs: number) => Promise<TrialAnswer>;
type Answers<Asks> = {
  readonly [Name in keyof Asks]: TrialAnswer | (null extends Asks[Name] ? null : never);
};

/**
 * Asks all at once: a slow provider has as long for the last as for the first. Where that is too much for it (429), once
 * more and one by one, within what is left of the time. Null = not to be asked.
 */
export async function askTogether<Asks extends Readonly<Record<string, Ask | null>>>(
  limitMs: number,
  asks: Asks,
): Promise<Answers<Asks>> {
  const until = performance.now() + limitMs;
  const all = Object.entries(asks);
  const answers = await Promise.all(all.map(async ([name, ask]) => [name, await ask?.(limitMs)] as const));
  const given = new Map<string, TrialAnswer | null>();
  for (const [name, first = null] of answers) {
    const left = until - performance.now();
    const again = first?.status === 429 && left > 0 ? await asks[name]?.(left) : null;
    given.set(name, again?.status == null ? first : again);
  }
  return Object.fromEntries(given) as Answers<Asks>;
}
