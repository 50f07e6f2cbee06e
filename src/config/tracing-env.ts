import { isHttpUrl, isKeyValueList, isRatio } from './env-checks.js';
import { Choice, Text } from './env-variable.js';

const COLLECTOR = 'a URL beginning with http:// or https://';
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
];

/** OpenTelemetry's own names, as its specification has them; its packages read what is not here, too. */
export class TracingEnv {
  @Text({
    default: null,
    accepted: COLLECTOR,
    check: isHttpUrl,
    address: true,
    meaning:
      'OpenTelemetry collector that takes OTLP over HTTP (port 4318); set, a trace of every request goes to `/v1/traces` below it.',
  })
  readonly OTEL_EXPORTER_OTLP_ENDPOINT!: string | null;

  @Text({
    default: null,
    accepted: COLLECTOR,
    check: isHttpUrl,
    address: true,
    meaning: 'The whole address for traces, instead of the one above.',
  })
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT!: string | null;

  @Text({
    default: null,
    accepted: 'name=value pairs separated by commas',
    check: isKeyValueList,
    secret: true,
    meaning: 'Headers for the collector, such as its credential: `name=value,name=value`.',
  })
  readonly OTEL_EXPORTER_OTLP_HEADERS!: string | null;

  @Text({
    default: null,
    defaultText: 'http/protobuf',
    accepted: 'a protocol',
    meaning: 'Only `http/protobuf` is spoken: with another one no traces are sent, which a warning says.',
  })
  readonly OTEL_EXPORTER_OTLP_PROTOCOL!: string | null;

  @Text({
    default: null,
    defaultText: 'otlp',
    accepted: 'an exporter',
    meaning: '`none` sends no traces, whatever the addresses say.',
  })
  readonly OTEL_TRACES_EXPORTER!: string | null;

  @Text({
    default: 'responses-proxy',
    accepted: 'a name',
    meaning: 'Name of this service in its traces.',
  })
  readonly OTEL_SERVICE_NAME!: string;

  @Text({
    default: null,
    accepted: 'name=value pairs separated by commas',
    check: isKeyValueList,
    meaning: 'More about this service: `deployment.environment.name=production,…`.',
  })
  readonly OTEL_RESOURCE_ATTRIBUTES!: string | null;

  @Choice({
    default: 'parentbased_always_on',
    of: SAMPLERS,
    meaning: 'Which requests are traced; the `parentbased_…` do as the caller does that sends `traceparent`.',
  })
  readonly OTEL_TRACES_SAMPLER!: string;

  @Text({
    default: null,
    defaultText: '1',
    accepted: 'a number from 0 to 1',
    check: isRatio,
    meaning: 'Share of requests for the `…traceidratio` samplers.',
  })
  readonly OTEL_TRACES_SAMPLER_ARG!: string | null;
}
