/** Whose turn it is. */
export interface Seat {
  readonly callerId: string;
  readonly sessionId: string | null;
}

/**
 * Waiting requests, in the order of their turns: callers one after the other, within a caller its sessions one after the
 * other, within a session first come, first served. A fleet of a hundred agents of one caller does not make another
 * caller's only request wait for all of them.
 */
export class FairQueue<T extends Seat> {
  /** Callers, and in each its sessions, with the one that was served last at the end. */
  readonly #callers = new Map<string, Map<string, T[]>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    let sessions = this.#callers.get(item.callerId);
    if (sessions === undefined) this.#callers.set(item.callerId, (sessions = new Map<string, T[]>()));
    const lane = sessions.get(laneOf(item));
    if (lane === undefined) sessions.set(laneOf(item), [item]);
    else lane.push(item);
    this.#size += 1;
  }

  /** It waits no longer. False when it did not. */
  remove(item: T): boolean {
    const sessions = this.#callers.get(item.callerId);
    const lane = sessions?.get(laneOf(item));
    const place = lane?.indexOf(item) ?? -1;
    if (sessions === undefined || lane === undefined || place < 0) return false;
    lane.splice(place, 1);
    if (lane.length === 0) sessions.delete(laneOf(item));
    if (sessions.size === 0) this.#callers.delete(item.callerId);
    this.#size -= 1;
    return true;
  }

  /** It got what it waited for: everybody else of its kind goes before its next one. */
  served(item: T): void {
    if (!this.remove(item)) return;
    const sessions = this.#callers.get(item.callerId);
    if (sessions === undefined) return;
    toEnd(this.#callers, item.callerId);
    toEnd(sessions, laneOf(item));
  }

  /**
   * Who leaves a full room to one more of this caller and session, so that neither has more of it than it must: the
   * last of the caller that has most, else the last of this caller's longest session. Null = the newcomer's own would
   * have as many as anybody then.
   */
  givesWay(to: Seat): T | null {
    const own = this.#callers.get(to.callerId);
    const most = largest(this.#callers.values(), countOf);
    if (most === undefined) return null;
    if (countOf(most) > (own === undefined ? 0 : countOf(own)) + 1) return lastOf(most);
    if (own === undefined) return null;
    const longest = largest(own.values(), ({ length }) => length) ?? [];
    return longest.length > (own.get(laneOf(to))?.length ?? 0) + 1 ? (longest.at(-1) ?? null) : null;
  }

  inTurn(): T[] {
    return interleave([...this.#callers.values()].map((sessions) => interleave([...sessions.values()])));
  }
}

/** Requests without a session share one lane. */
function laneOf({ sessionId }: Seat): string {
  return sessionId ?? '';
}

function countOf(sessions: ReadonlyMap<string, readonly unknown[]>): number {
  let count = 0;
  for (const { length } of sessions.values()) count += length;
  return count;
}

function lastOf<T>(sessions: ReadonlyMap<string, readonly T[]>): T | null {
  return largest(sessions.values(), ({ length }) => length)?.at(-1) ?? null;
}

function largest<V>(all: Iterable<V>, size: (one: V) => number): V | undefined {
  let found: V | undefined;
  for (const one of all) if (found === undefined || size(one) > size(found)) found = one;
  return found;
}

function toEnd<V>(map: Map<string, V>, key: string): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}

/** The first of each lane, then the second of each, and so on. */
function interleave<T>(lanes: readonly (readonly T[])[]): T[] {
  const [only] = lanes;
  if (lanes.length === 1 && only !== undefined) return [...only];
  const merged: T[] = [];
  const longest = Math.max(0, ...lanes.map((lane) => lane.length));
  for (let n = 0; n < longest; n += 1) {
    for (const lane of lanes) if (n < lane.length) merged.push(lane[n] as T);
  }
  return merged;
}
