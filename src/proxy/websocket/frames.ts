import { JsonScanner } from '../../common/json-scanner.js';
import { KeyTable } from '../../common/key-table.js';
import type { RateLimitFacts } from '../../upstream/attempt-outcome.js';
import { readRateLimit } from '../../upstream/rate-limit-headers.js';
import { readRoutingString } from '../routing-field.js';
import { kindOfData } from '../../usage/sse-kinds.js';
import { parseObject } from '../../usage/usage-parser.js';

/** Lane of messages that name none. */
export const DEFAULT_LANE = '';

export interface ClientFrame {
  readonly type: string | null;
  readonly lane: string;
}

/** What the upstream accepts as a lane. It refuses anything else without naming it, as if it had come without. */
const LANE = /^[A-Za-z0-9_.-]{1,256}$/;
const CLIENT_KEYS = new KeyTable(['type', 'stream_id']);
const LANE_KEY = new KeyTable(['stream_id']);

/**
 * What a client's message is. Throws as for a request body where two readers could disagree: a message that is a
 * `response.create` to the upstream and something else here would not be accounted for.
 */
export function readClientFrame(bytes: Buffer): ClientFrame {
  let type: string | null = null;
  let lane: string | null = null;
  const scanner = new JsonScanner(bytes);
  scanner.document(CLIENT_KEYS, '', (key) => {
    if (CLIENT_KEYS.names[key] === 'type') type = readRoutingString(scanner, 'type');
    else lane = readRoutingString(scanner, 'stream_id');
  });
  return { type, lane: lane !== null && LANE.test(lane) ? lane : DEFAULT_LANE };
}

const ASKING: ReadonlySet<string | null> = new Set(['response.steer', 'response.inject']);

/** Whether it is no create and can be answered by a response of its own. */
export function asksForMore({ type }: ClientFrame): boolean {
  return ASKING.has(type);
}

/** What a message of the upstream is to accounting. */
export type ServerKind = 'created' | 'ended' | 'error' | 'other';

const CREATED = Buffer.from('{"type":"response.created"');
/** Any of them in a message whose `type` does not come first makes it worth reading. */
const MARKERS = [
  'response.created',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
].map((text) => Buffer.from(text));
const KIND_BY_TYPE: ReadonlyMap<string, ServerKind> = new Map([
  ['response.created', 'created'],
  ['response.completed', 'ended'],
  ['response.incomplete', 'ended'],
  ['response.failed', 'ended'],
  ['error', 'error'],
]);

const ASK_FAILED = /^\{"type":"response\.(?:steer|inject)\.failed"/;

/** Whether it says that a message that was no create came to nothing. */
export function saysAskFailed(bytes: Buffer): boolean {
  return ASK_FAILED.test(bytes.toString('latin1', 0, 40));
}

/** Looks at the first bytes of nearly every message and at nothing else of it. */
export function serverKind(bytes: Buffer): ServerKind {
  switch (kindOfData(bytes, 0, bytes.length, true)) {
    case 'completed':
    case 'incomplete':
    case 'failed':
      return 'ended';
    case 'error':
      return 'error';
    case 'start':
      return bytes.subarray(0, CREATED.length).equals(CREATED) ? 'created' : 'other';
    case 'unknown':
      if (!MARKERS.some((marker) => bytes.includes(marker))) return 'other';
      return KIND_BY_TYPE.get(parseObject(bytes)?.type ?? '') ?? 'other';
    default:
      return 'other';
  }
}

/** The lane a message of the upstream belongs to; the default one where it cannot be read. */
export function laneOf(bytes: Buffer): string {
  let lane = DEFAULT_LANE;
  try {
    const scanner = new JsonScanner(bytes);
    scanner.document(LANE_KEY, null, () => {
      lane = readRoutingString(scanner, 'stream_id') ?? DEFAULT_LANE;
    });
  } catch {
    // Not JSON, or no usable id: it is passed on all the same.
  }
  return lane;
}

export interface ErrorFrame {
  /** HTTP status the error would have had; null when it names none. */
  readonly status: number | null;
  readonly retryAfter: string | null;
  readonly retryAfterMs: string | null;
  readonly rateLimit: RateLimitFacts | null;
}

const MAX_ERROR_BYTES = 65_536;

/** The parts of an `error` message that HTTP has outside its body. `headers` are at the top or inside `error`. */
export function readErrorFrame(bytes: Buffer): ErrorFrame {
  const root = bytes.length > MAX_ERROR_BYTES ? null : parse(bytes);
  const error = member(root, 'error');
  const status = member(root, 'status') ?? member(root, 'status_code') ?? member(error, 'status');
  const headers = headersOf(member(root, 'headers') ?? member(error, 'headers'));
  return {
    status: typeof status === 'number' && status >= 400 && status < 600 ? Math.trunc(status) : null,
    retryAfter: headers.get('retry-after') ?? null,
    retryAfterMs: headers.get('retry-after-ms') ?? null,
    rateLimit: readRateLimit(headers),
  };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

/** By lower-case name. */
function headersOf(headers: unknown): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  if (typeof headers !== 'object' || headers === null) return read;
  for (const [name, value] of Object.entries(headers) as [string, unknown][])
    if (typeof value === 'string' || typeof value === 'number') read.set(name.toLowerCase(), String(value));
  return read;
}
