import type { KeySpent, Peer } from '../../state/peers.js';
import type { KeyDay } from '../../usage/key-usage.read-model.js';
import { utcDay, utcMonth } from '../../usage/utc-day.js';
import { type KeyMeter, sumSince } from './key-meter.js';
import type { Amount } from './limit-decision.js';

type Days = ReadonlyMap<number, Amount>;

/** What the others' records say, by key and process; `''` = of all that are not `apart`. */
export interface WrittenUse {
  readonly keys: ReadonlyMap<string, ReadonlyMap<string, Days>>;
  /** Null = nothing has been read yet. */
  readonly apart: ReadonlySet<string> | null;
}

export const NOTHING_WRITTEN: WrittenUse = { keys: new Map(), apart: null };

/** What another process says of a key. */
export interface ToldSpent {
  readonly instanceId: string;
  readonly spent: KeySpent;
}

export interface UsedElsewhere {
  readonly held: Amount;
  readonly day: Amount;
  readonly month: Amount;
}

const NOTHING: Amount = Object.freeze({ tokens: 0, cost: 0 });
const NO_DAYS: Days = new Map();

export function writtenUse(days: readonly KeyDay[], apart: readonly string[]): WrittenUse {
  const keys = new Map<string, Map<string, Map<number, Amount>>>();
  for (const { caller_id, instance_id, day, tokens, cost } of days) {
    const processes = keys.get(caller_id) ?? new Map<string, Map<number, Amount>>();
    const known = processes.get(instance_id) ?? new Map<number, Amount>();
    keys.set(caller_id, processes.set(instance_id, known.set(day, { tokens, cost })));
  }
  return { keys, apart: new Set(apart) };
}

/**
 * What all other processes have used of a key. A process that tells of itself is ahead of its records, which say the same
 * a little later: of both the larger counts. One whose records have been added to those of others is not asked until they
 * are read apart: it would count twice. `now` is epoch ms.
 */
export function usedElsewhere(
  { keys, apart }: WrittenUse,
  keyId: string,
  told: readonly ToldSpent[],
  now: number,
): UsedElsewhere {
  const [today, month] = [utcDay(now), utcMonth(now)];
  const written = keys.get(keyId);
  let sum: UsedElsewhere = { held: NOTHING, day: NOTHING, month: NOTHING };
  for (const days of written?.values() ?? [])
    sum = {
      ...sum,
      day: plus(sum.day, sumSince(days, today)),
      month: plus(sum.month, sumSince(days, month)),
    };
  for (const { instanceId, spent } of told) {
    const [day, heldTokens, heldCost, dayTokens, dayCost, monthTokens, monthCost] = spent;
    sum = { ...sum, held: plus(sum.held, { tokens: heldTokens, cost: heldCost }) };
    if (apart !== null && !apart.has(instanceId)) continue;
    const days = written?.get(instanceId) ?? NO_DAYS;
    // Its clock may be another, or it has not said anything since midnight.
    const ofDay = day === today ? { tokens: dayTokens, cost: dayCost } : NOTHING;
    const ofMonth = utcMonth(day) === month ? { tokens: monthTokens, cost: monthCost } : NOTHING;
    sum = {
      ...sum,
      day: plus(sum.day, beyond(ofDay, sumSince(days, today))),
      month: plus(sum.month, beyond(ofMonth, sumSince(days, month))),
    };
  }
  return sum;
}

/** What all other processes say of a key. */
export function spentElsewhere(
  peers: readonly Pick<Peer, 'self' | 'instanceId' | 'keySpent'>[],
  keyId: string,
): ToldSpent[] {
  return peers.flatMap(({ self, instanceId, keySpent: told }) => {
    const spent = self ? undefined : told?.[keyId];
    return spent === undefined ? [] : [{ instanceId, spent }];
  });
}

/** As this process says it. `now` is epoch ms. */
export function keySpent(meter: Pick<KeyMeter, 'held' | 'since'>, now: number): KeySpent {
  const { held } = meter;
  const [day, month] = [meter.since(utcDay(now)), meter.since(utcMonth(now))];
  return [utcDay(now), held.tokens, held.cost, day.tokens, day.cost, month.tokens, month.cost];
}

export function plus(a: Amount, b: Amount): Amount {
  return { tokens: a.tokens + b.tokens, cost: a.cost + b.cost };
}

function beyond(told: Amount, written: Amount): Amount {
  return { tokens: Math.max(0, told.tokens - written.tokens), cost: Math.max(0, told.cost - written.cost) };
}
