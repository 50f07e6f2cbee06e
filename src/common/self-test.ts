/** Header that makes a request to /v1/responses a question to the proxy itself: `stream; events=8; gap=200; silence=65000`, `echo`. */
export const SELF_TEST_HEADER = 'x-proxy-self-test';

export interface SelfTestPlan {
  readonly kind: 'stream' | 'echo' | 'websocket';
  readonly events: number;
  readonly gapMs: number;
  /** After the last event but one. */
  readonly silenceMs: number;
}

const MOST_EVENTS = 50;
const LONGEST_GAP_MS = 2_000;
const LONGEST_SILENCE_MS = 900_000;

/** What is asked for; null for anything else. */
export function readSelfTest(header: unknown): SelfTestPlan | null {
  if (typeof header !== 'string') return null;
  const [kind = '', ...pairs] = header.split(';').map((part) => part.trim());
  if (kind !== 'stream' && kind !== 'echo' && kind !== 'websocket') return null;
  const number = (name: string, fallback: number, most: number): number => {
    const text = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
    return /^\d{1,9}$/.test(text) ? Math.min(Number(text), most) : fallback;
  };
  return {
    kind,
    events: number('events', 1, MOST_EVENTS),
    gapMs: number('gap', 0, LONGEST_GAP_MS),
    silenceMs: number('silence', 0, LONGEST_SILENCE_MS),
  };
}

export function writeSelfTest({ kind, events, gapMs, silenceMs }: SelfTestPlan): string {
  return `${kind}; events=${events}; gap=${gapMs}; silence=${silenceMs}`;
}
