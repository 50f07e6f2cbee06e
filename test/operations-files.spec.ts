import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Rig } from './support/rig.js';
import { describeWith } from './support/skip.js';
import { TestRedis } from './support/redis.js';

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

const REDIS = TestRedis.binary();
/** Prometheus' own. */
const OF_PROMETHEUS = /^up\{/;

let rig: Rig | undefined;
let metrics: string;

// With a Redis: some series are there only where there is one.
beforeAll(async () => {
  if (REDIS === null) return;
  const redis = await TestRedis.start(REDIS);
  rig = await Rig.start({ env: { PROXY_REDIS_URL: redis.url, PROXY_IN_PROCESS_WORKER: 'on' } });
  const seen = await rig.client.send({ body: { stream: true } });
  await rig.history.finished(seen.proxyRequestId);
  metrics = await (await fetch(`${rig.proxy.url}/metrics`)).text();
}, 60_000);
afterAll(() => rig?.stop());

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

describeWith(REDIS !== null, 'a Redis server')('what is there for monitoring', () => {
  it('every alert asks for series that /metrics has', () => {
    const file = parse(readFileSync('docs/operations/alerts.yaml', 'utf8')) as AlertFile;
    const rules = file.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(9);
    for (const { expr } of rules.filter((rule) => !OF_PROMETHEUS.test(rule.expr))) known(expr);
  });

  it('there is an alert for records and bodies lost, for Redis away and for a process that is gone', () => {
    const text = readFileSync('docs/operations/alerts.yaml', 'utf8');
    const { groups } = parse(text) as AlertFile;
    const all = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)).join('\n');
    for (const series of ['rpx_capture_degraded', 'rpx_redis_up', 'up{']) expect(all).toContain(series);
    const kinds = [...metrics.matchAll(/^rpx_spool_shed_total\{kind="(\w+)"\}/gm)].map(
      ([, kind = '']) => kind,
    );
    expect(kinds.length).toBeGreaterThan(2);
    const shed = all.split('\n').filter((expr) => expr.includes('rpx_spool_shed_total'));
    for (const kind of kinds)
      expect(
        shed.some((expr) => expr.includes(kind)),
        kind,
      ).toBe(true);
  });

  it('every panel of the dashboard asks for series that /metrics has', () => {
    const { panels } = JSON.parse(
      readFileSync('docs/operations/grafana-dashboard.json', 'utf8'),
    ) as Dashboard;
    expect(panels.length).toBeGreaterThan(8);
    for (const { targets } of panels) for (const { expr } of targets) known(expr);
  });

  it('what an alert asks for, the dashboard shows', () => {
    const seriesOf = (file: string): Set<string> =>
      new Set(readFileSync(`docs/operations/${file}`, 'utf8').match(/\brpx_\w+/g));
    const shown = seriesOf('grafana-dashboard.json');
    expect([...seriesOf('alerts.yaml')].filter((name) => !shown.has(name))).toEqual([]);
  });

  it('what only grows is a counter by type and name, and the help says which tokens are parts of others', () => {
    const types = [...metrics.matchAll(/^# TYPE (rpx_\w+) (\w+)$/gm)];
    expect(types.length).toBeGreaterThan(10);
    for (const [, name = '', type = ''] of types)
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(metrics).toContain('# TYPE rpx_redis_foreign_values_total counter');
    expect(metrics).toMatch(/^rpx_redis_foreign_values_total 0$/m);
    expect(metrics).toMatch(/# HELP rpx_tokens_total .*cached .*part.* of input.*reasoning .*of output/);
  });
});
