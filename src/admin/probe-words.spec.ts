import { expect, it } from 'vitest';
import type { ProbeResult } from '../health/prober.service.js';
import { probeWords } from './probe-words.js';

const result = (status_code: number | null, patch: object = {}): ProbeResult =>
  ({
    resource_id: 'openai-1',
    ok: status_code === 200,
    status_code,
    latency_ms: 12.4,
    error: null,
    health: { status: 'healthy', reason: 'served' },
    ...patch,
  }) as ProbeResult;

it.each([
  [result(200), 'openai-1 answered 200 in 12 ms: its key is accepted.', null],
  [
    result(200, { health: { status: 'unhealthy', reason: 'insufficient_quota' } }),
    /accepted\. It stays unhealthy \(insufficient_quota\), which a probe cannot clear/,
    null,
  ],
  [result(401, { error: 'Incorrect key.' }), /does not accept its key\. It says: Incorrect key\./, /Replace/],
  [result(403), /which keeps no request from it/, /Nothing, if its requests succeed/],
  [result(404), /nothing to ask/, /PROXY_HEALTH_CHECK_PATH/],
  [result(429), /asks for fewer calls/, /Wait/],
  [result(502), /trouble of its own/, /status page/],
  [
    result(null, { error: 'connect ECONNREFUSED' }),
    'openai-1 did not answer: connect ECONNREFUSED.',
    /firewalls/,
  ],
])('says what %o means and what to do', (told, message, fix) => {
  const words = probeWords(told);
  expect(words.message).toMatch(message);
  if (fix === null) expect(words.fix).toBeNull();
  else expect(words.fix).toMatch(fix);
});
