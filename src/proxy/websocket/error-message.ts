import type { ProxyError } from '../../common/errors.js';
import { DEFAULT_LANE } from './frames.js';

/** An error of ours as the upstream would put it on the wire. `headers` is where clients look for the wait. */
export function errorMessage(error: ProxyError, lane: string | null): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: 'error',
      status: error.status,
      ...(lane === null || lane === DEFAULT_LANE ? {} : { stream_id: lane }),
      error: error.toBody().error,
      headers: error.toHeaders(),
    }),
  );
}

/** An error of the upstream with this wait instead of whatever it named: clients sit out any value, and most give up without one. */
export function withRetryAfter(message: Buffer, seconds: number): Buffer {
  const { headers, error, ...rest } = JSON.parse(message.toString('utf8')) as Record<string, unknown>;
  const { headers: within, ...told } = fieldsOf(error);
  const kept = Object.entries({ ...fieldsOf(within), ...fieldsOf(headers) }).filter(
    ([name]) => !/^retry-after(?:-ms)?$/i.test(name),
  );
  const waiting = { ...Object.fromEntries(kept), 'retry-after': String(seconds) };
  return Buffer.from(JSON.stringify({ ...rest, error: told, headers: waiting }));
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
