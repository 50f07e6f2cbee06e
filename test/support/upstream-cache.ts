import type { WireUsage } from './upstream-replies.js';

const BLOCK = 128;
const LEAST = 1024;
const CHARACTERS_PER_TOKEN = 4;

/**
 * The prompt cache of an upstream, as far as accounts can see it: it belongs to the organisation, is found by
 * `prompt_cache_key`, and holds whole blocks of a prompt that is long enough. Prompts are taken to grow, not to change.
 */
export class UpstreamCache {
  readonly #cached = new Map<string, number>();

  /** For `FakeUpstream.usage`. */
  readonly usage = (_n: number, body: Readonly<Record<string, unknown>>, organization: string): WireUsage => {
    const input = Math.ceil(JSON.stringify(body['input'] ?? '').length / CHARACTERS_PER_TOKEN);
    const name = `${organization} ${JSON.stringify(body['prompt_cache_key'] ?? null)}`;
    const whole = input < LEAST ? 0 : input - (input % BLOCK);
    const before = this.#cached.get(name) ?? 0;
    const cached = Math.min(before, whole);
    this.#cached.set(name, Math.max(before, whole));
    return {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached, cache_write_tokens: whole - cached },
      output_tokens: 10,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + 10,
    };
  };
}
