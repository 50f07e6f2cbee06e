import { setTimeout as delay } from 'node:timers/promises';

const MODELS = ['gpt-5.5', 'gpt-5.5-mini'];
const PROMPTS = [
  'Why does this test fail on Mondays?',
  'Summarise the change in two sentences.',
  'How does the balancer choose a key?',
  'Write the migration and say how to roll it back.',
];
const SESSIONS = 6;
const MAX_OPEN = 16;

export interface TrafficCounts {
  readonly started: number;
  readonly ok: number;
  readonly failed: number;
  readonly open: number;
  readonly streams: number;
}

interface PlannedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly session: string;
}

/** A modest, steady mix as agents and SDKs send it: plain answers, streams, sessions, follow-ups and pools. */
export class DemoTraffic {
  private readonly counts = { started: 0, ok: 0, failed: 0, streams: 0 };
  private readonly lastResponse = new Map<string, string>();
  private readonly open = new Set<Promise<void>>();

  constructor(
    private readonly url: string,
    private readonly intervalMs: number,
  ) {}

  get state(): TrafficCounts {
    return { ...this.counts, open: this.open.size };
  }

  /** Sends until `limit` requests were started or the signal fires, then waits for the open ones. */
  async run(limit: number, signal: AbortSignal): Promise<void> {
    while (this.counts.started < limit && !signal.aborted) {
      if (this.open.size < MAX_OPEN) this.sendOne(signal);
      await delay(this.intervalMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.open);
  }

  private sendOne(signal: AbortSignal): void {
    const n = this.counts.started++;
    const sending = this.send(this.plan(n), signal)
      .then((ok) => {
        this.counts[ok ? 'ok' : 'failed'] += 1;
      })
      .catch(() => {
        // A request the demo itself gave up when it was stopped did not fail.
        if (!signal.aborted) this.counts.failed += 1;
      })
      .finally(() => this.open.delete(sending));
    this.open.add(sending);
  }

  private plan(n: number): PlannedRequest {
    const session = `demo-session-${(n % SESSIONS) + 1}`;
    const stream = n % 5 !== 0;
    if (stream) this.counts.streams += 1;
    const previous = n % 3 === 2 ? this.lastResponse.get(session) : undefined;
    const pool: Record<string, string> =
      n % 7 === 3 && previous === undefined ? { 'x-proxy-pool-id': 'green' } : {};
    const identity: Record<string, string> =
      n % 4 === 1 ? {} : { 'session-id': session, 'x-proxy-session-name': `Demo ${session}` };
    return {
      session,
      headers: { 'content-type': 'application/json', ...identity, ...pool },
      body: {
        model: MODELS[n % MODELS.length],
        input: PROMPTS[n % PROMPTS.length],
        stream,
        ...(previous === undefined ? {} : { previous_response_id: previous }),
      },
    };
  }

  private async send(request: PlannedRequest, signal: AbortSignal): Promise<boolean> {
    const response = await fetch(`${this.url}/v1/responses`, {
      method: 'POST',
      headers: request.headers,
      body: JSON.stringify(request.body),
      signal,
    });
    const text = await response.text();
    const id = /"id":"(resp[-_][A-Za-z0-9_-]+)"/.exec(text)?.[1];
    if (id !== undefined) this.lastResponse.set(request.session, id);
    return response.ok && /"status":"completed"/.test(text);
  }
}
