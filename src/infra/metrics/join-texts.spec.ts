import { expect, it } from 'vitest';
import { finished } from '../../../test/support/telemetry-records.js';
import { joinTexts } from './join-texts.js';
import { MetricsService } from './metrics.service.js';

it('names each metric once, with the samples of every process', async () => {
  const texts = await Promise.all(
    [1, 2].map(async (place) => {
      const metrics = new MetricsService();
      metrics.registry.setDefaultLabels({ process: String(place) });
      for (let n = 0; n < place; n += 1) metrics.observe(finished(`r${n}`));
      return metrics.registry.metrics();
    }),
  );
  const lines = joinTexts(texts).split('\n');
  const about = (name: string) => lines.filter((line) => line.startsWith(name) || line.includes(` ${name} `));
  expect(about('rpx_requests_total')).toEqual([
    '# HELP rpx_requests_total Finished requests by final state',
    '# TYPE rpx_requests_total counter',
    'rpx_requests_total{state="completed",transport="http",process="1"} 1',
    'rpx_requests_total{state="completed",transport="http",process="2"} 2',
  ]);
  expect(about('rpx_request_duration_seconds').filter((line) => line.startsWith('#')).length).toBe(2);
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  expect(new Set(samples.map((line) => line.replace(/ [^ ]+$/, ''))).size).toBe(samples.length);
});
