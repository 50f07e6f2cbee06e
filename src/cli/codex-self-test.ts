import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processEnvironment } from '../config/process-environment.js';
import { plain } from './admin/table.js';
import type { CodexArguments } from './codex-arguments.js';
import { arrivalOf, type Arrival } from './codex-arrival.js';
import { codexTurn, type CodexTurn } from './codex-turn.js';
import { EXIT } from './exit-code.js';

export interface SelfTestStep {
  readonly step: 'codex' | 'answer' | 'record';
  /** Null: it could not be looked at. */
  readonly ok: boolean | null;
  readonly said: string;
}

/** One real turn of Codex through the proxy. Null where there is no Codex to run. */
export async function codexSelfTest(asked: CodexArguments): Promise<number | null> {
  const url = asked.baseUrl.replace(/\/v1$/, '');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  const home = await mkdtemp(join(tmpdir(), 'responses-proxy-codex-'));
  try {
    if (process.stderr.isTTY) process.stderr.write(`a turn of Codex through ${url}\n`);
    const turn = await codexTurn(asked, asked.model, home, stop.signal);
    if (turn === null) return null;
    if (stop.signal.aborted) return EXIT.stopped;
    const token = processEnvironment()['PROXY_ADMIN_TOKEN']?.trim() || null;
    const arrival = turn.threadId === null ? null : await arrivalOf(url, token, turn.threadId);
    const steps = selfTestSteps(turn, arrival);
    const ok = steps.every((step) => step.ok !== false);
    process.stdout.write(asked.json ? `${JSON.stringify({ ok, steps })}\n` : selfTestText(steps));
    return ok ? EXIT.ok : EXIT.failed;
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What works and what does not, in the order in which it has to. */
export function selfTestSteps(turn: CodexTurn, arrival: Arrival): readonly SelfTestStep[] {
  return [codexStep(turn), answerStep(turn), recordStep(arrival)];
}

export function selfTestText(steps: readonly SelfTestStep[]): string {
  const marks = new Map<boolean | null, string>([
    [true, '✓'],
    [false, '✗'],
    [null, '–'],
  ]);
  const lines = steps.map(({ step, ok, said }) => `${marks.get(ok)} ${step.padEnd(6)}  ${plain(said)}`);
  const failed = steps.some(({ ok }) => ok === false);
  const all = failed ? ['Codex does not work through this proxy yet; responses-proxy doctor says more.'] : [];
  return `${[...lines, ...all].join('\n')}\n`;
}

function codexStep({ exitCode, said }: CodexTurn): SelfTestStep {
  if (exitCode === 0) return { step: 'codex', ok: true, said: 'Codex ended with exit code 0' };
  const how = exitCode === null ? 'Codex did not end by itself' : `Codex ended with exit code ${exitCode}`;
  return { step: 'codex', ok: false, said: said === '' ? how : `${how}: ${said}` };
}

function answerStep({ answer, inputTokens, outputTokens }: CodexTurn): SelfTestStep {
  if (answer === null) return { step: 'answer', ok: false, said: 'no answer of a model reached Codex' };
  const tokens = inputTokens === null ? '' : `, ${inputTokens} tokens in, ${outputTokens ?? 0} out`;
  return { step: 'answer', ok: true, said: `"${answer.slice(0, 60)}"${tokens}` };
}

function recordStep(arrival: Arrival): SelfTestStep {
  if (typeof arrival === 'string') return { step: 'record', ok: null, said: `not looked at: ${arrival}` };
  if (arrival === null)
    return { step: 'record', ok: false, said: 'the proxy has no record of a request of this turn' };
  const { id, state, status_code, resource_id, model, error_code } = arrival;
  const outcome = [state, `status ${status_code ?? '-'}`, ...(error_code ? [error_code] : [])].join(', ');
  const said = `${id}: ${outcome}, ${model ?? 'no model'} by ${resource_id ?? 'nobody'}`;
  return { step: 'record', ok: state === 'completed', said };
}
