import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Summary {
  readonly scenarios: Record<string, Record<string, Record<string, number>>>;
}
interface Row {
  readonly scenario: string;
  readonly figure: string;
  readonly change: number | null;
  readonly worse: boolean;
}
const { compareSummaries, summaryOf } = (await import(resolve('bench/summaries.mjs'))) as {
  compareSummaries: (before: Summary, now: Summary, options?: { limit?: number; times?: boolean }) => Row[];
  summaryOf: (run: object) => Summary;
};

const figures = (of: Record<string, number>): Summary => ({
  scenarios: { 'JSON, 1 connection': { 'responses-proxy': of } },
});
const worsened = (before: Summary, now: Summary, options = {}): string[] =>
  compareSummaries(before, now, options)
    .filter((row) => row.worse)
    .map(({ figure }) => figure);

describe('two summaries of the benchmark', () => {
  it('differ where a ratio has grown beyond the limit', () => {
    const old = figures({ 'CPU / nginx': 4, 'CPU / bare pipe': 1 });
    expect(worsened(old, figures({ 'CPU / nginx': 4.5, 'CPU / bare pipe': 1.2 }))).toEqual([
      'CPU / bare pipe',
    ]);
    expect(worsened(old, figures({ 'CPU / nginx': 4.5, 'CPU / bare pipe': 1.2 }), { limit: 1.3 })).toEqual(
      [],
    );
  });

  it('do not differ for the worse where one is smaller', () => {
    const [row] = compareSummaries(figures({ 'CPU / nginx': 4 }), figures({ 'CPU / nginx': 1 }));
    expect(row).toMatchObject({ change: 0.25, worse: false });
  });

  it('count each request more that failed, where none did before too', () => {
    expect(worsened(figures({ failed: 0 }), figures({ failed: 1 }))).toEqual(['failed']);
    expect(worsened(figures({ failed: 1 }), figures({ failed: 1 }))).toEqual([]);
  });

  it('judge times only when asked', () => {
    const [old, now] = [figures({ 'added p50 / bare pipe': 1 }), figures({ 'added p50 / bare pipe': 3 })];
    expect(worsened(old, now)).toEqual([]);
    expect(worsened(old, now, { times: true })).toEqual(['added p50 / bare pipe']);
  });

  it('tell figures only one of them has, without judging them', () => {
    const rows = compareSummaries(figures({ 'CPU / nginx': 4 }), figures({ 'CPU / portkey': 0.1 }));
    expect(rows.map(({ figure, change, worse }) => [figure, change, worse])).toEqual([
      ['CPU / nginx', null, false],
      ['CPU / portkey', null, false],
    ]);
  });
});

describe('the summary of a run', () => {
  const result = {
    scenario: 'JSON, 1 connection',
    product: false,
    cpu_per_event_us: null,
    rss_per_stream_kb: null,
  };
  const times = { p99_ms: 1, first_byte_p50_ms: 1, event_delay_p50_ms: null, failed: 0 };
  const run = {
    results: [
      { ...result, ...times, contender: 'direct', cpu_us: null, p50_ms: 1 },
      { ...result, ...times, contender: 'bare pipe', cpu_us: 100, p50_ms: 1.2 },
      { ...result, ...times, contender: 'nginx', cpu_us: 50, p50_ms: 1.1 },
      { ...result, ...times, contender: 'responses-proxy', product: true, cpu_us: 200, p50_ms: 1.5 },
    ],
    memory: [
      { group: 'main', contender: 'nginx', before_mb: 10, after_mb: 10 },
      { group: 'main', contender: 'responses-proxy', before_mb: 100, after_mb: 150 },
    ],
    machine: { cpu: 'a name' },
  };

  it('holds ratios and nothing of the machine', () => {
    const summary = summaryOf(run);
    expect(summary.scenarios['JSON, 1 connection']).toEqual({
      'responses-proxy': { 'CPU / bare pipe': 2, 'CPU / nginx': 4, 'added p50 / bare pipe': 2.5, failed: 0 },
    });
    expect(summary.scenarios['memory after the load (main)']).toEqual({
      'responses-proxy': { 'memory after / before': 1.5 },
    });
    expect(JSON.stringify(summary)).not.toContain('a name');
  });
});

describe('a line through samples', () => {
  it('has the slope of what grows, with an error that covers what only scatters', async () => {
    const { slopeOf } = (await import(resolve('bench/least-squares.mjs'))) as {
      slopeOf: (points: readonly (readonly [number, number])[]) => { slope: number; error: number };
    };
    const hours = Array.from({ length: 60 }, (_, i) => i / 60);
    const noise = (i: number): number => ((i * 7919) % 11) - 5;
    expect(slopeOf(hours.map((x) => [x, 3 * x + 7])).slope).toBeCloseTo(3);
    expect(slopeOf(hours.map((x) => [x, 3 * x + 7])).error).toBeCloseTo(0);
    const flat = slopeOf(hours.map((x, i) => [x, 100 + noise(i)]));
    expect(Math.abs(flat.slope)).toBeLessThan(2 * flat.error);
    const growing = slopeOf(hours.map((x, i) => [x, 100 + 20 * x + noise(i)]));
    expect(growing.slope).toBeGreaterThan(2 * growing.error);
  });
});
