/** How a stream can end, by its last event. */
export type Terminal = 'completed' | 'incomplete' | 'failed' | 'error';

/**
 * What an event is to accounting. `start`: only that the answer has begun, with its id; `begun`: the same when that is
 * known, and signs of life. `unknown`: its type has to be read from its data.
 */
export type SseKind = Terminal | 'start' | 'begun' | 'item' | 'other' | 'unknown';

const TERMINALS: ReadonlySet<string> = new Set<Terminal>(['completed', 'incomplete', 'failed', 'error']);

/** Nothing in it is to be read. */
export function isPassedOver(kind: SseKind): boolean {
  return kind === 'other' || kind === 'begun';
}

export function isTerminal(kind: SseKind): kind is Terminal {
  return TERMINALS.has(kind);
}

const KINDS: readonly (readonly [Buffer, SseKind])[] = (
  [
    ['response.completed', 'completed'],
    ['response.incomplete', 'incomplete'],
    ['response.failed', 'failed'],
    ['error', 'error'],
    ['response.created', 'start'],
    ['response.queued', 'start'],
    ['response.in_progress', 'start'],
    ['keepalive', 'begun'],
    ['response.output_item.done', 'item'],
  ] as const
).map(([name, kind]) => [Buffer.from(name), kind]);

const TYPE_FIRST = Buffer.from('{"type":"');
const QUOTE = 0x22;
const LONGEST = 32;

export function kindOfName(bytes: Buffer, start: number, end: number, wantsStart: boolean): SseKind {
  const length = end - start;
  for (const [name, kind] of KINDS) {
    if (name.length !== length || !equals(bytes, start, name)) continue;
    return kind === 'start' && !wantsStart ? 'begun' : kind;
  }
  return 'other';
}

/** Kind by data that starts with its `type`, as the upstream writes it; `unknown` for any other spelling. */
export function kindOfData(bytes: Buffer, start: number, end: number, wantsStart: boolean): SseKind {
  const from = start + TYPE_FIRST.length;
  if (end < from || !equals(bytes, start, TYPE_FIRST)) return 'unknown';
  const stop = Math.min(end, from + LONGEST);
  for (let i = from; i < stop; i++) {
    if (bytes[i] === QUOTE) return kindOfName(bytes, from, i, wantsStart);
    // An escape in the type: rare enough to be read properly.
    if (bytes[i] === 0x5c) return 'unknown';
  }
  // A type that long is none of ours, unless it is spelled with escapes further on.
  return 'other';
}

function equals(bytes: Buffer, start: number, wanted: Buffer): boolean {
  for (let i = wanted.length - 1; i >= 0; i--) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}
