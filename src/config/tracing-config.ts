import type { TracingConfig } from './app-config.js';
import type { TracingEnv } from './tracing-env.js';

const PROTOCOL = 'http/protobuf';
const PATH = 'v1/traces';

/** Null unless an address is given and nothing says otherwise. */
export function tracingConfig(env: TracingEnv): TracingConfig | null {
  const url = addressOf(env);
  if (url === null || unfit(env) !== null || env.OTEL_TRACES_EXPORTER === 'none') return null;
  return { url, serviceName: env.OTEL_SERVICE_NAME };
}

/** The variables are often set for many programs at once: what is meant for others stops nobody from serving. */
export function tracingWarnings(env: TracingEnv): string[] {
  const why = addressOf(env) === null ? null : unfit(env);
  return why === null ? [] : [`${why}; no traces are sent`];
}

function addressOf({
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own,
  OTEL_EXPORTER_OTLP_ENDPOINT: base,
}: TracingEnv): string | null {
  if (own !== null) return own;
  return base === null ? null : `${base.replace(/(?<!\/)\/+$/, '')}/${PATH}`;
}

function unfit(env: TracingEnv): string | null {
  const { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_TRACES_EXPORTER: exporter } = env;
  if (exporter !== null && exporter !== 'none' && exporter !== 'otlp')
    return 'OTEL_TRACES_EXPORTER names another exporter than otlp, the only one there is';
  if (protocol !== null && protocol !== PROTOCOL)
    return `OTEL_EXPORTER_OTLP_PROTOCOL is another than ${PROTOCOL}, the only one that is spoken`;
  return null;
}
