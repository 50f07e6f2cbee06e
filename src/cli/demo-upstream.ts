import type { LLMock } from '@copilotkit/aimock';
import { DemoFaults } from './demo-faults.js';
import { TOO_LONG } from './demo-traffic.js';

const ANSWERS = [
  'The test fails because the clock is read twice; take the time once and pass it on.',
  'Three files changed. The retry now stops after the first byte has gone out, as it should.',
  'A weighted least-connections choice looks at open requests, not at how many were ever served.',
  'Done: the migration is additive and can be rolled back without losing a row.',
];

/**
 * The stand-in upstream: answers the Responses API on a loopback port, any key will do; some keys have bad moments. It is a development
 * dependency, so an installed package does not have it.
 */
export async function startDemoUpstream(): Promise<LLMock> {
  const { LLMock } = await loadMock();
  const upstream = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent', journalMaxEntries: 100 });
  upstream.mount('/v1', new DemoFaults(() => performance.now()));
  upstream.onMessage(TOO_LONG, {
    error: {
      message: 'Your input exceeds the context window of this model (demonstration).',
      type: 'invalid_request_error',
      param: 'input',
      code: 'context_length_exceeded',
    },
    status: 400,
  });
  let served = 0;
  upstream.onMessage(
    /./,
    () => {
      served += 1;
      const inputTokens = 400 + ((served * 137) % 3000);
      const outputTokens = 20 + ((served * 31) % 180);
      return {
        content: ANSWERS[served % ANSWERS.length] ?? '',
        usage: {
          input_tokens: inputTokens,
          output_tokens: outputTokens,
          total_tokens: inputTokens + outputTokens,
        },
      };
    },
    { latency: 60, chunkSize: 6 },
  );
  await upstream.start();
  return upstream;
}

async function loadMock(): Promise<typeof import('@copilotkit/aimock')> {
  try {
    return await import('@copilotkit/aimock');
  } catch (e: unknown) {
    throw new Error(
      'The demo needs the package @copilotkit/aimock, which only a source checkout installs. ' +
        'Clone the repository and run `npm run demo`, or run `npm install @copilotkit/aimock` beside this package.',
      { cause: e },
    );
  }
}
