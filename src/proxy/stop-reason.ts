import { ProxyError } from '../common/errors.js';

/** What open exchanges are ended with from outside: the process stops, or their caller may not go on. */
export type StopReason = ProxyError;

/** The same in the words of verdicts and records. */
export type StopCause = 'shutdown' | 'unauthorized';

export function stopping(): StopReason {
  return new ProxyError('server_shutdown', 'The proxy is stopping; send the request again.');
}

export function causeOf(why: StopReason): StopCause {
  return why.code === 'unauthorized' ? 'unauthorized' : 'shutdown';
}

/** The last event of a stream that is ended so. */
export function stopEvent({ code, message }: StopReason): string {
  const data = { type: 'error', code, message, param: null, sequence_number: 0 };
  return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Code and reason of a WebSocket that is closed so. */
export function closeOf(why: StopReason): [code: number, reason: string] {
  return causeOf(why) === 'shutdown' ? [1012, 'restarting'] : [1008, why.message.split(';', 1)[0] ?? ''];
}
