import { setTimeout as delay } from 'node:timers/promises';

const MODELS = ['gpt-5.5', 'gpt-5.5-mini'];
const PROMPTS = [
  'Why does this test fail on Mondays?',
  'Summarise the change in two sentences.',
  'How does the balancer choose a key?',
  'Write the migration and say how to roll it back.',
];
/** The stand-in refuses it, as an upstream refuses a prompt that is too long. */
export const TOO_LONG = 'Read the whole repository aloud.';
/** The last two ask for the pool; nobody else does, so that no session is bound to two places. */
const SESSIONS = 11;
const POOL_SESSIONS = 2;
/** Then new sessions begin, as they do in life: a key that was away gets its share again. */
const TURNS = 4;
const POOL = 'green';
const MAX_OPEN = 24;

export interface TrafficCounts {
  readonly started: number;
  readonly answered: number;
  /** An error answer: some are part of the show. */
  readonly refused: number;
  /** No answer, or one that was cut. */
  readonly failed: number;
  readonly open: number;
  readonly streams: number;
}

interface PlannedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly session: string | null;
}

/** A modest, steady mix as agents and SDKs send it: plain answers, streams, sessions, follow-ups and a pool. */
export class DemoTraffic {
  private readonly counts = { started: 0, answered: 0, refused: 0, failed: 0, streams: 0 };
  private readonly lastResponse = new Map<string, string>();
  /** A controller for each request: listeners of thousands on one signal would pile up. */
  private readonly open = new Map<AbortController, Promise<void>>();

  constructor(
    private readonly url: string,
    private readonly intervalMs: number,
  ) {}

  get state(): TrafficCounts {
    return { ...this.counts, open: this.open.size };
  }

  /** Sends until `limit` requests were started or the signal fires, then waits for the open ones. */
  async run(limit: number, signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      for (const controller of this.open.keys()) controller.abort();
    };
    signal.addEventListener('abort', stop, { once: true });
    while (this.counts.started < limit && !signal.aborted) {
      if (this.open.size < MAX_OPEN) this.sendOne();
      await delay(this.intervalMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.open.values());
    signal.removeEventListener('abort', stop);
  }

  private sendOne(): void {
    const n = this.counts.started++;
    const controller = new AbortController();
    const sending = this.send(this.plan(n), controller.signal)
      .then((outcome) => {
        this.counts[outcome] += 1;
      })
      .catch(() => {
        // A request the demo itself gave up when it was stopped did not fail.
        if (!controller.signal.aborted) this.counts.failed += 1;
      })
      .finally(() => this.open.delete(controller));
    this.open.set(controller, sending);
  }

  private plan(n: number): PlannedRequest {
    const session = n % 4 === 1 ? null : (n % SESSIONS) + 1;
    const name = session === null ? null : `demo-${Math.floor(n / (SESSIONS * TURNS)) + 1}-${session}`;
    const inPool = session !== null && session > SESSIONS - POOL_SESSIONS;
    const stream = n % 5 !== 0;
    if (stream) this.counts.streams += 1;
    const previous = name !== null && n % 3 === 2 ? this.lastResponse.get(name) : undefined;
    return {
      session: name,
      headers: {
        'content-type': 'application/json',
        ...(name !== null && { 'session-id': name, 'x-proxy-session-name': name.replace('demo-', 'Demo ') }),
        ...(inPool && { 'x-proxy-pool-id': POOL }),
      },
      body: {
        model: MODELS[n % MODELS.length],
        input: n % 23 === 17 ? TOO_LONG : PROMPTS[n % PROMPTS.length],
        stream,
        ...(previous !== undefined && { previous_response_id: previous }),
      },
    };
  }

  private async send(
    request: PlannedRequest,
    signal: AbortSignal,
  ): Promise<'answered' | 'refused' | 'failed'> {
    const response = await fetch(`${this.url}/v1/responses`, {
      method: 'POST',
      headers: request.headers,
      body: JSON.stringify(request.body),
      signal,
    });
    const text = await response.text();
    if (!response.ok) return 'refused';
    const id = /"id":"(resp[-_][A-Za-z0-9_-]+)"/.exec(text)?.[1];
    if (id !== undefined && request.session !== null) this.lastResponse.set(request.session, id);
    return /"status":"completed"/.test(text) ? 'answered' : 'failed';
  }
}
