import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Rig } from './support/rig.js';

interface AlertFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

let rig: Rig;
let metrics: string;

beforeAll(async () => {
  rig = await Rig.start();
  const seen = await rig.client.send({ body: { stream: true } });
  await rig.history.finished(seen.proxyRequestId);
  metrics = await (await fetch(`${rig.proxy.url}/metrics`)).text();
});
afterAll(() => rig.stop());

/** Name and label matchers of every selector in a PromQL expression. */
function selectors(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/(rpx_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', inside = '']) => ({
    name,
    labels: [...inside.matchAll(/(\w+)\s*[=!]~?\s*"/g)].map(([, label = '']) => label),
  }));
}

function known(expr: string): void {
  const found = selectors(expr);
  expect(found.length, expr).toBeGreaterThan(0);
  for (const { name, labels } of found) {
    expect(metrics, name).toContain(`# HELP ${name.replace(/_bucket$/, '')} `);
    const series = metrics.split('\n').filter((text) => new RegExp(`^${name}[{ ]`).test(text));
    // Prometheus adds the job; everything else must be there to be matched.
    for (const label of labels.filter((one) => one !== 'job'))
      expect(
        series.some((text) => text.includes(`${label}="`)),
        `${name}{${label}}`,
      ).toBe(true);
  }
}

it('every alert asks for series that /metrics has', () => {
  const file = parse(readFileSync('docs/operations/alerts.yaml', 'utf8')) as AlertFile;
  const rules = file.groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(3);
  // Of Redis there is a series only where there is a Redis.
  for (const { expr } of rules.filter((rule) => !rule.expr.includes('rpx_redis'))) known(expr);
});

it('every panel of the dashboard asks for series that /metrics has', () => {
  const { panels } = JSON.parse(readFileSync('docs/operations/grafana-dashboard.json', 'utf8')) as Dashboard;
  expect(panels.length).toBeGreaterThan(8);
  for (const { targets } of panels)
    for (const { expr } of targets.filter((one) => !one.expr.includes('rpx_redis'))) known(expr);
});
