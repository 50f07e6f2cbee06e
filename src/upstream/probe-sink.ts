import type { Secret } from '../common/secret.js';
import type { UpstreamSink } from './upstream-call.js';

const BODY_LIMIT = 64 * 1024;

export interface ProbeAnswer {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly latencyMs: number;
  /** In words, without the key. */
  readonly error: string | null;
  /** `openai-organization` of the answer. */
  readonly organization: string | null;
  /** `error.code` of the answer. */
  readonly code: string | null;
}

/** Gathers the short answer of a probe. */
export class ProbeSink implements UpstreamSink {
  #status: number | null = null;
  #organization: string | null = null;
  #body: Buffer[] = [];
  #size = 0;
  #done = false;
  #latencyMs: number | null = null;

  constructor(
    private readonly startedAt: number,
    private readonly apiKey: Secret,
    private readonly finish: (answer: ProbeAnswer) => void,
  ) {}

  onHead(status: number, raw: readonly Buffer[]): boolean {
    this.#status = status;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      if (raw[i]?.toString('latin1').toLowerCase() === 'openai-organization') {
        this.#organization = raw[i + 1]?.toString('latin1') ?? null;
      }
    }
    this.#latencyMs = Math.round(performance.now() - this.startedAt);
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size <= BODY_LIMIT) this.#body.push(chunk);
    return true;
  }

  onEnd(): void {
    this.#end(null);
  }

  onError(error: unknown): void {
    this.#end(error instanceof Error ? error.message : String(error));
  }

  timeout(limitMs: number): void {
    this.#end(`no answer within ${limitMs} ms`);
  }

  #end(failure: string | null): void {
    if (this.#done) return;
    this.#done = true;
    const refusal = failure === null ? this.#refusal() : null;
    const message = failure ?? refusal?.message ?? null;
    this.finish({
      status: failure === null ? this.#status : null,
      latencyMs: this.#latencyMs ?? Math.round(performance.now() - this.startedAt),
      error: message === null ? null : this.#masked(message).slice(0, 500),
      organization: this.#organization,
      code: refusal?.code ?? null,
    });
  }

  #masked(message: string): string {
    const key = this.apiKey.reveal();
    return key === '' ? message : message.replaceAll(key, '[secret]');
  }

  /** What a complete error answer says; null for any other. */
  #refusal(): { message: string; code: string | null } | null {
    if (this.#status === null || this.#status < 400) return null;
    const fallback = { message: `answered ${this.#status}`, code: null };
    try {
      const parsed: unknown = JSON.parse(Buffer.concat(this.#body).toString('utf8'));
      const error = (parsed as { error?: { message?: unknown; code?: unknown } } | null)?.error;
      return {
        message: typeof error?.message === 'string' ? error.message : fallback.message,
        code: typeof error?.code === 'string' ? error.code : null,
      };
    } catch {
      return fallback; // Not JSON: the status says enough.
    }
  }
}
