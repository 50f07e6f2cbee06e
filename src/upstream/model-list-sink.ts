import type { UpstreamSink } from './upstream-call.js';

/** Lists of models are tens of kilobytes; some gateways list thousands. */
export const MODEL_LIST_LIMIT = 4 * 1024 * 1024;
const MOST_MODELS = 5_000;

export interface ModelList {
  /** Null when it did not say. */
  readonly models: readonly string[] | null;
  /** `date` of the answer, epoch ms. */
  readonly serverTime: number | null;
}

/** Gathers the answer to GET /models. */
export class ModelListSink implements UpstreamSink {
  #ok = false;
  #serverTime: number | null = null;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(private readonly finish: (list: ModelList) => void) {}

  onHead(status: number, raw: readonly Buffer[]): boolean {
    this.#ok = status === 200;
    for (let i = 0; i + 1 < raw.length; i += 2)
      if (raw[i]?.toString('latin1').toLowerCase() === 'date')
        this.#serverTime = timeOf(raw[i + 1]?.toString('latin1') ?? '');
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size <= MODEL_LIST_LIMIT) this.#chunks.push(chunk);
    return true;
  }

  onEnd(): void {
    const complete = this.#ok && this.#size <= MODEL_LIST_LIMIT;
    this.finish({
      models: complete ? modelIdsOf(Buffer.concat(this.#chunks)) : null,
      serverTime: this.#serverTime,
    });
  }

  onError(): void {
    this.finish({ models: null, serverTime: this.#serverTime });
  }
}

function timeOf(date: string): number | null {
  const time = Date.parse(date);
  return Number.isNaN(time) ? null : time;
}

/** Null for what is no list of models. */
export function modelIdsOf(body: Buffer): string[] | null {
  try {
    const data: unknown = (JSON.parse(body.toString('utf8')) as { data?: unknown } | null)?.data;
    if (!Array.isArray(data)) return null;
    const ids = data.map((one) => (one as { id?: unknown } | null)?.id);
    return ids.filter((id): id is string => typeof id === 'string' && id.length <= 256).slice(0, MOST_MODELS);
  } catch {
    return null; // Not JSON: no list.
  }
}
