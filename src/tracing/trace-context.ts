/** W3C Trace Context: version, trace, span and flags; later versions may add fields behind them. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?=$|-)/;
const LONGEST = 256;

interface RemoteSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Null = there is none, or it cannot be read: the trace begins here then. */
export function remoteSpanOf(traceparent: string | null): RemoteSpan | null {
  const text = traceparent?.trim() ?? '';
  if (text.length > LONGEST || (text.startsWith('00-') && text.length !== 55)) return null;
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text) ?? [];
  return traceId === '' ? null : { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
