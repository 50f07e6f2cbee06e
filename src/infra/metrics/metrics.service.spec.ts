import { describe, expect, it } from 'vitest';
import { finished } from '../../../test/support/telemetry-records.js';
import { MetricsService } from './metrics.service.js';

describe('MetricsService', () => {
  it('counts states, attempts and tokens, and says the sums whenever it is asked', async () => {
    const metrics = new MetricsService();
    const record = finished('r1');
    metrics.observe(record);
    metrics.observe({ ...record, state: 'failed', usage: null });
    const first = await metrics.registry.metrics();
    expect(first).toContain(`rpx_requests_total{state="${record.state}",transport="http"} 1`);
    expect(first).toContain('rpx_requests_total{state="failed",transport="http"} 1');
    expect(first).toContain(`rpx_tokens_total{kind="input"} ${record.usage?.inputTokens}`);
    const [attempt] = record.attempts;
    expect(first).toContain(
      `rpx_attempts_total{resource="${attempt?.resourceId}",class="${attempt?.class}"} ${record.attempts.length * 2}`,
    );
    const resource = `resource="${record.resourceId}"`;
    expect(first).toContain(
      `rpx_resource_tokens_total{${resource},kind="input"} ${record.usage?.inputTokens}`,
    );
    metrics.observe(record, 'websocket');
    const second = await metrics.registry.metrics();
    expect(second).toContain(`rpx_requests_total{state="${record.state}",transport="http"} 1`);
    expect(second).toContain(`rpx_requests_total{state="${record.state}",transport="websocket"} 1`);
    expect(second).toContain(`rpx_tokens_total{kind="input"} ${(record.usage?.inputTokens ?? 0) * 2}`);
    const input = (record.usage?.inputTokens ?? 0) * 2;
    expect(second).toContain(`rpx_resource_tokens_total{${resource},kind="input"} ${input}`);
    expect(metrics.promptsOf(record.resourceId ?? '')).toMatchObject({ input, cached: 0, cacheWrite: null });
    expect(metrics.promptsOf('openai-99')).toBeUndefined();
  });
});
