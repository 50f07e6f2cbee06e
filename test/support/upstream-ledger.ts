import type { WireUsage } from './upstream-replies.js';

/** One request as the upstream saw it, from its head to its end. The upstream's side of every three-way comparison. */
export interface Arrival {
  readonly n: number;
  /** Epoch ms. */
  readonly at: number;
  readonly key: string | null;
  readonly organization: string | null;
  readonly method: string;
  /** Path with query, as received. */
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly connection: number;
  /** What arrived of the body. */
  bodyBytes: number;
  bodySha256: string | null;
  /** False when the connection ended before the whole body was here. */
  bodyComplete: boolean;
  json: Record<string, unknown> | null;
  model: string | null;
  stream: boolean;
  fault: string | null;
  status: number | null;
  responseId: string | null;
  usage: WireUsage | null;
  /** Bytes of body offered to the socket. */
  responseBytes: number;
  responseSha256: string | null;
  /** True once the socket told us to stop writing. */
  paused: boolean;
  /** `completed`: the whole answer left; `client_closed`: the other side went first; `faulted`: we broke it on purpose. */
  ended: 'open' | 'completed' | 'client_closed' | 'faulted';
  endedAt: number | null;
}

export class UpstreamLedger {
  readonly arrivals: Arrival[] = [];

  add(arrival: Arrival): void {
    this.arrivals.push(arrival);
  }

  clear(): void {
    this.arrivals.length = 0;
  }

  /** Everything but the health probes. */
  get traffic(): readonly Arrival[] {
    return this.arrivals.filter((a) => !(a.method === 'GET' && a.path.split('?')[0] === '/v1/models'));
  }

  get creates(): readonly Arrival[] {
    return this.arrivals.filter((a) => a.method === 'POST' && a.path.split('?')[0] === '/v1/responses');
  }

  get open(): readonly Arrival[] {
    return this.arrivals.filter((a) => a.ended === 'open');
  }

  last(): Arrival {
    const arrival = this.traffic.at(-1);
    if (!arrival) throw new Error('the upstream ledger is empty');
    return arrival;
  }

  byResponseId(id: string): Arrival | undefined {
    return this.arrivals.find((a) => a.responseId === id && a.method === 'POST');
  }

  /** Requests seen per key. */
  countByKey(arrivals: readonly Arrival[] = this.creates): Map<string, number> {
    const counts = new Map<string, number>();
    for (const a of arrivals) if (a.key) counts.set(a.key, (counts.get(a.key) ?? 0) + 1);
    return counts;
  }
}

/** A header of an arrival, by name in any case; every value in order of arrival. */
export function headerValues(arrival: Arrival, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < arrival.rawHeaders.length; i += 2) {
    if (arrival.rawHeaders[i]!.toLowerCase() === name.toLowerCase()) values.push(arrival.rawHeaders[i + 1]!);
  }
  return values;
}
