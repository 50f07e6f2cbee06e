import { describe, expect, it } from 'vitest';
import type { RequestRow } from './admin/rows.js';
import { selfTestSteps, selfTestText } from './codex-self-test.js';
import { turnOf } from './codex-turn.js';

const EVENTS = [
  { type: 'thread.started', thread_id: 't-1' },
  { type: 'item.completed', item: { type: 'reasoning', text: 'hm' } },
  { type: 'item.completed', item: { type: 'agent_message', text: 'ok' } },
  { type: 'turn.completed', usage: { input_tokens: 12, output_tokens: 1 } },
];
const lines = (events: readonly object[]): string =>
  ['noise', ...events.map((event) => JSON.stringify(event))].join('\n');
const record = {
  id: 'req_1',
  state: 'completed',
  status_code: 200,
  resource_id: 'openai-1',
  model: 'gpt-5.5',
} as RequestRow;
const marks = (text: string): string[] => text.split('\n').map((one) => one.slice(0, 1));

describe('the self-test of Codex', () => {
  it('says of each thing that it works', () => {
    const turn = turnOf(0, lines(EVENTS), 'warnings');
    expect(turn).toEqual({
      exitCode: 0,
      threadId: 't-1',
      answer: 'ok',
      inputTokens: 12,
      outputTokens: 1,
      said: '',
    });
    const steps = selfTestSteps(turn, record);
    expect(steps.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(selfTestText(steps)).toContain('req_1: completed, status 200, gpt-5.5 by openai-1');
  });

  it('says what does not, in the words of Codex, and nothing that a terminal acts on', () => {
    const failed = { type: 'turn.failed', error: { message: 'unexpected status 502: \u001b[2J' } };
    const text = selfTestText(selfTestSteps(turnOf(1, lines([EVENTS[0]!, failed]), ''), null));
    expect(marks(text)).toEqual(['✗', '✗', '✗', 'C', '']);
    expect(text).toContain('exit code 1: unexpected status 502');
    expect(text).not.toContain('\u001b');
    expect(turnOf(2, '', 'usage\nerror: no such flag\n').said).toBe('error: no such flag');
  });

  it('does not call failed what could not be looked at', () => {
    const steps = selfTestSteps(turnOf(0, lines(EVENTS), ''), 'PROXY_ADMIN_TOKEN is wanted');
    expect(steps.at(-1)).toEqual({
      step: 'record',
      ok: null,
      said: 'not looked at: PROXY_ADMIN_TOKEN is wanted',
    });
    expect(marks(selfTestText(steps))).toEqual(['✓', '✓', '–', '']);
  });
});
