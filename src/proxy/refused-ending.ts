import type { ProxyError } from '../common/errors.js';
import type { RequestState } from '../usage/records.js';
import type { Ending } from './exchange-records.js';
import type { Exchange } from './exchange.js';

/** How an exchange ended that was answered with an error of ours; null = the client left before any answer. */
export function refusedEnding(exchange: Exchange, answer: ProxyError | null): Ending {
  return {
    state: answer === null ? 'client_aborted' : stateFor(exchange, answer),
    statusCode: answer?.status ?? null,
    resourceId: exchange.attempts.at(-1)?.resourceId ?? null,
    errorCode: answer?.code ?? 'client_aborted',
    errorMessage: answer?.message ?? 'The client closed the connection before the answer began.',
    errorSource: 'proxy',
    upstreamRequestId: null,
    responseBytes: 0,
    tap: null,
    bindings: [],
  };
}

function stateFor(exchange: Exchange, answer: ProxyError): RequestState {
  if (exchange.attempts.length === 0) return 'rejected';
  if (answer.code === 'server_shutdown' || answer.code === 'unauthorized') return 'interrupted';
  return answer.code.endsWith('_timeout') ? 'timeout' : 'upstream_error';
}
