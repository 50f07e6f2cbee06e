import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const load = (env: Record<string, string>) => loadConfig(env, '0.0.0');

describe('where traces go', () => {
  it.each([
    [{}, null],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/x' }, 'http://c/x'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/x' },
      'http://b/x',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none' }, null],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'otlp' }, 'http://c/v1/traces'],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, null],
  ] as [Record<string, string>, string | null][])('%j is %s', (env, url) => {
    expect(load(env).tracing?.url ?? null).toBe(url);
    expect(load(env).warnings).toEqual([]);
  });

  it.each<Record<string, string>>([
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { OTEL_TRACES_EXPORTER: 'zipkin' },
  ])('is nowhere with %j, which is meant for other programs and only warned of', (env) => {
    const config = load({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', ...env });
    expect(config.tracing).toBeNull();
    expect(config.warnings.join()).toContain(Object.keys(env)[0]);
  });

  it('tells no header of the collector', () => {
    const wrong = { OTEL_EXPORTER_OTLP_HEADERS: 'tell-nobody' };
    expect(() => load(wrong)).toThrow(ConfigError);
    expect(() => load(wrong)).not.toThrow(/tell-nobody/);
  });
});
