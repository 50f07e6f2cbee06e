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
  const root = JSON.parse(message.toString('utf8')) as Fields;
  const error = fieldsOf(root['error']);
  const [own, within] = [fieldsOf(root['headers']), fieldsOf(error?.['headers'])];
  const told = within === null ? root : { ...root, error: { ...error, headers: waiting(within, seconds) } };
  // Where it has none, they go to where clients look first.
  const headers = own === null && within !== null ? {} : { headers: waiting(own ?? {}, seconds) };
  return Buffer.from(JSON.stringify({ ...told, ...headers }));
}

type Fields = Readonly<Record<string, unknown>>;

function waiting(headers: Fields, seconds: number): Fields {
  const kept = Object.entries(headers).filter(([name]) => !/^retry-after(?:-ms)?$/i.test(name));
  return { ...Object.fromEntries(kept), 'retry-after': String(seconds) };
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}
