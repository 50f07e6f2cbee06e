import type { FakeUpstream } from './fake-upstream.js';

/** What each background response has taken once it is done. */
export const BACKGROUND_USAGE = {
  input_tokens: 11,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 18,
};

/** The upstream has done the work of a background response. */
export function completeBackground({ ledger, accounts }: FakeUpstream, id: string): void {
  const found = accounts.find(ledger.byResponseId(id)?.key ?? '', id);
  if (!('response' in found)) throw new Error(`no response ${id}`);
  found.response = { ...found.response, status: 'completed', usage: BACKGROUND_USAGE };
}
