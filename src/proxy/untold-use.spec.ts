import { describe, expect, it } from 'vitest';
import type { RequestState } from '../usage/records.js';
import type { TapResult, Terminal } from '../usage/usage-tap.js';
import type { Exchange } from './exchange.js';
import { untoldUse } from './untold-use.js';

const exchange = (hints: Record<string, unknown> = {}): Pick<Exchange, 'hints'> => ({
  hints: { background: false, pathResponseId: null, ...hints } as unknown as Exchange['hints'],
});
const ended = (
  state: RequestState,
  terminal: Terminal | null = null,
  errorCode: string | null = null,
  answerBytes = 1,
) => ({
  state,
  statusCode: 200,
  errorCode,
  tap: { terminal, responseId: 'resp_1', answerBytes } as TapResult,
});
const SOME = {
  inputTokens: 1,
  cachedTokens: null,
  cacheWriteTokens: null,
  outputTokens: 1,
  reasoningTokens: null,
  totalTokens: 2,
};

describe('an answer without usage', () => {
  it.each<[RequestState, Terminal | null, string | null, boolean]>([
    ['completed', 'completed', null, true],
    ['completed', null, null, true],
    ['incomplete', 'incomplete', null, true],
    ['client_aborted', null, 'client_aborted', true],
    ['client_aborted', null, 'client_stalled', true],
    // The client had left, and the upstream failed all the same.
    ['client_aborted', 'failed', 'server_error', false],
    ['client_aborted', null, 'incomplete_stream', false],
    ['incomplete', null, 'incomplete_stream', false],
    ['failed', 'failed', 'server_error', false],
    ['failed', 'error', 'server_error', false],
    ['upstream_error', null, 'upstream_connection_lost', false],
    // Ended here: the upstream had made what came of it.
    ['timeout', null, 'upstream_total_timeout', true],
    ['timeout', null, 'upstream_idle_timeout', true],
    ['interrupted', null, 'overloaded', true],
    ['interrupted', null, 'server_shutdown', true],
    ['interrupted', null, 'unauthorized', true],
  ])('that ended %s with %s and %s counts by estimate: %s', (state, terminal, code, untold) => {
    expect(untoldUse(exchange(), ended(state, terminal, code), null).untold).toBe(untold);
  });

  it.each<[RequestState, string, boolean]>([
    ['timeout', 'upstream_total_timeout', false],
    ['timeout', 'upstream_first_byte_timeout', false],
    ['interrupted', 'overloaded', false],
    ['client_aborted', 'client_aborted', true],
  ])('of which nothing had come when it ended %s with %s counts by estimate: %s', (state, code, untold) => {
    expect(untoldUse(exchange(), ended(state, null, code, 0), null).untold).toBe(untold);
  });

  it('counts nothing where it is an error, or nobody heard of one', () => {
    const completed = ended('completed');
    expect(untoldUse(exchange(), { ...completed, statusCode: 500 }, null).untold).toBe(false);
    expect(untoldUse(exchange(), { ...completed, statusCode: null }, null).untold).toBe(false);
    expect(untoldUse(exchange(), { ...completed, tap: null }, null).untold).toBe(false);
    expect(untoldUse(exchange(), completed, SOME).untold).toBe(false);
  });
});

describe('a background response', () => {
  it('is counted by estimate as it begins, and named', () => {
    const begun = untoldUse(exchange({ background: true }), ended('completed'), null);
    expect(begun).toEqual({ untold: true, backgroundId: 'resp_1' });
  });

  it('is named again by who reads what it took, or that it failed, and by nobody else', () => {
    const reading = exchange({ pathResponseId: 'resp_1' });
    const read = { untold: false, backgroundId: 'resp_1' };
    expect(untoldUse(reading, ended('completed', 'completed'), SOME)).toEqual(read);
    expect(untoldUse(reading, ended('failed', 'failed'), null)).toEqual(read);
    expect(untoldUse(reading, ended('completed'), null).backgroundId).toBeNull();
    const other = exchange({ pathResponseId: 'resp_2' });
    expect(untoldUse(other, ended('failed', 'failed'), null).backgroundId).toBeNull();
  });
});
