import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { Codex } from './codex.js';
import { pause } from './until.js';

/** One thing somebody wanted of an agent, and how it went. */
export interface Turn {
  readonly agent: string;
  readonly what: string;
  readonly failure: string | null;
  /** An answer broke off half way, or the model failed in it: with these SDKs only the program itself asks again. */
  readonly repeated: boolean;
}

/** What SDKs say of an answer that ended in the middle. They do not ask again: they have handed out part of it. */
const BROKEN_OFF =
  /terminated|did not produce a final response|ended without|Premature close|aborted|The model had an error/;
/** Faults of neighbouring turns of the list can meet the same turn, each of its requests once. */
const PROGRAM_REPEATS = 4;

/** Works turn after turn until told to stop. */
export type FleetAgent = (report: (turn: Turn) => void, over: () => boolean) => Promise<void>;

type Step = (what: string, work: () => Promise<string | null>) => Promise<void>;

/**
 * Runs `round` again and again; a step answers null, or what went wrong. `repeats`: how often a program repeats a turn
 * that was broken off.
 */
function repeating(
  agent: string,
  repeats: number,
  round: (step: Step, n: number) => Promise<void>,
): FleetAgent {
  return async (report, over) => {
    for (let n = 0; !over(); n += 1) {
      await round(async (what, work) => {
        const tried = (): Promise<string | null> => work().catch((error: unknown) => String(error));
        const brokenOff = (failure: string | null): boolean => failure !== null && BROKEN_OFF.test(failure);
        let failure = await tried();
        let again = 0;
        for (; again < repeats && brokenOff(failure); again += 1) failure = await tried();
        report({ agent, what: `${what} ${n}`, failure, repeated: again > 0 });
        if (failure !== null) await pause(20);
      }, n);
    }
  };
}

/**
 * A tool loop, a turn more by `resume`, and one of a fork: all three carry what the organisation sealed. What was broken
 * off it asks again itself.
 */
export function codexAgent(name: string, overrides: readonly string[]): FleetAgent & { dispose(): void } {
  const codex = new Codex(overrides);
  const agent = repeating(name, 0, async (step, n) => {
    let thread = '';
    const said = `${name}-${n}`;
    const exec = async (args: string[], expected: string): Promise<string | null> => {
      const run = await codex.exec(args, 120_000);
      thread = run.threadId ?? thread;
      if (run.code === 0 && run.lastMessage.includes(expected)) return null;
      return `exit ${run.code}: ${run.stdout.slice(-600)} ${run.stderr.slice(-300)}`;
    };
    await step('tool loop', () => exec([`call:exec_command {"cmd":"echo ${said}"}`], said));
    if (thread === '') return;
    await step('resume', () => exec(['resume', thread, `again ${said}`], `again ${said}`));
    await step('fork', () => exec(['fork', thread, `aside ${said}`], `aside ${said}`));
  });
  return Object.assign(agent, { dispose: () => codex.dispose() });
}

/** Codex as it talks to a provider of one's own: HTTP, with the retries it has by default. */
export function codexOverHttp(name: string, v1: string): ReturnType<typeof codexAgent> {
  const own = Codex.customProvider(v1).filter((line) => !line.includes('max_retries'));
  return codexAgent(name, own);
}

export function codexOverWebsocket(name: string, v1: string): ReturnType<typeof codexAgent> {
  return codexAgent(name, [`openai_base_url="${v1}"`]);
}

/** Conversations of three turns: sealed reasoning carried along, stored ones by id, and single calls. */
export function openaiAgent(name: string, v1: string): FleetAgent {
  const openai = new OpenAI({ apiKey: 'a-client-key', baseURL: v1 });
  const expected = (response: OpenAI.Responses.Response, said: string): string | null => {
    // This SDK takes a stream that merely stops, and an answer that says it failed, for a whole one.
    if (response.status === 'completed')
      return response.output_text.includes(said) ? null : `answered ${response.output_text}`;
    return response.error?.message ?? 'the stream ended without its terminal event';
  };
  return repeating(name, PROGRAM_REPEATS, async (step, n) => {
    const model = 'gpt-5.5';
    const session = `${name}-${n}`;
    let input: OpenAI.Responses.ResponseInput = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await step('sealed turn', async () => {
        const said = `sealed ${session} ${turn}`;
        const asked = [...input, { role: 'user' as const, content: said }];
        const include = ['reasoning.encrypted_content' as const];
        const body = { model, input: asked, store: false, include, prompt_cache_key: session };
        const response = await openai.responses.stream(body).finalResponse();
        const failure = expected(response, said);
        if (failure === null) input = [...asked, ...(response.output as OpenAI.Responses.ResponseInput)];
        return failure;
      });
    }
    let previous: string | undefined;
    for (let turn = 0; turn < 3; turn += 1) {
      await step('stored turn', async () => {
        const said = `stored ${session} ${turn}`;
        const body = { model, input: said, ...(previous ? { previous_response_id: previous } : {}) };
        const response = await openai.responses.create(body);
        const failure = expected(response, said);
        if (failure === null) previous = response.id;
        return failure;
      });
    }
    await step('single call', async () => {
      const response = await openai.responses.create({ model, input: `single ${session}` });
      return expected(response, `single ${session}`);
    });
  });
}

/** The Agents SDK with a tool, streaming. */
export function agentsAgent(name: string, v1: string): FleetAgent {
  const openAIClient = new OpenAI({ apiKey: 'a-client-key', baseURL: v1 });
  const runner = new Runner({
    modelProvider: new OpenAIProvider({ openAIClient, useResponses: true }),
    tracingDisabled: true,
  });
  const weather = tool({
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
    execute: (input) => Promise.resolve(`sunny in ${(input as { city: string }).city}`),
  });
  const agent = new Agent({ name: 'weather', model: 'gpt-5.5', tools: [weather] });
  return repeating(name, PROGRAM_REPEATS, async (step, n) => {
    await step('run', async () => {
      const city = `City${n}`;
      const run = await runner.run(agent, `call:get_weather {"city":"${city}"}`, { stream: true });
      for await (const _ of run);
      await run.completed;
      return run.finalOutput?.includes(`sunny in ${city}`) ? null : `answered ${String(run.finalOutput)}`;
    });
  });
}
