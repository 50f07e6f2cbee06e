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
