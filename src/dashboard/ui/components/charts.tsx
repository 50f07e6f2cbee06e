import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { compact, count, dollars, duration, percent, ratio, words } from '../format.js';
import { samples } from '../samples.js';
import type { Series, SeriesPoint } from '../wire-history.js';
import type { ChartData, ChartLine } from '../chart-plot.js';
import { Chart } from './chart.js';

const COLORS = 6;

export function Charts({ series }: { series: Series }): JSX.Element {
  const { totals } = series;
  const data = useMemo(() => linesOf(series), [series]);
  return (
    <section class="charts" aria-labelledby="charts-title">
      <h2 id="charts-title" class="unseen">
        Over time
      </h2>
      <Chart
        title="Requests"
        summary={`${count(totals.requests)}, ${count(totals.failed)} failed`}
        data={data.requests}
        format={compact}
      />
      <Chart title="Tokens" summary={tokensSummary(totals)} data={data.tokens} format={compact} />
      <Chart title="Cost" summary={dollars(totals.cost_usd)} data={data.cost} format={dollarsShort} />
      <Chart
        title="Latency"
        summary={`half within ${duration(totals.latency_p50_ms)}, 95 % within ${duration(totals.latency_p95_ms)}`}
        data={data.latency}
        format={duration}
      />
      <Chart title="Errors by cause" summary={errorsSummary(series)} data={data.errors} format={compact} />
      <InFlight />
    </section>
  );
}

/** Parts are drawn over their whole: failed of all, cached of in. */
function linesOf({
  points,
  errors,
}: Series): Record<'requests' | 'tokens' | 'cost' | 'latency' | 'errors', ChartData> {
  const times = points.map(({ at }) => at);
  const line = (name: keyof SeriesPoint, label: string, color: number): ChartLine => ({
    label,
    color,
    values: points.map((point) => point[name]),
  });
  return {
    requests: { kind: 'bars', times, lines: [line('requests', 'all', 1), line('failed', 'failed', 5)] },
    tokens: {
      kind: 'bars',
      times,
      lines: [
        line('input_tokens', 'in', 1),
        line('cached_tokens', 'of those cached', 3),
        line('output_tokens', 'out', 4),
      ],
    },
    cost: { kind: 'bars', times, lines: [line('cost_usd', 'cost', 2)] },
    latency: {
      kind: 'line',
      times,
      lines: [line('latency_p50_ms', 'half within', 1), line('latency_p95_ms', '95 % within', 2)],
    },
    errors: { kind: 'bars', times, lines: stacked(errors) },
  };
}

/** Each on those that come after it, which are drawn over it. */
function stacked(errors: Series['errors']): ChartLine[] {
  return errors.map(({ cause, requests }, n) => ({
    label: words(cause),
    color: ((n + 4) % COLORS) + 1,
    values: requests,
    drawn: requests.map((_, at) =>
      errors.slice(n).reduce((sum, other) => sum + (other.requests[at] ?? 0), 0),
    ),
  }));
}

/** From the live stream, since this page was opened: nobody stores it. */
function InFlight(): JSX.Element {
  const taken = samples.value;
  const ids = [...new Set(taken.flatMap(({ byResource }) => [...byResource.keys()]))];
  // More lines than colours cannot be told apart: the busiest.
  const shown = ids
    .map((id) => ({ id, most: Math.max(...taken.map(({ byResource }) => byResource.get(id) ?? 0)) }))
    .sort((a, b) => b.most - a.most || (a.id < b.id ? -1 : 1))
    .slice(0, COLORS)
    .map(({ id }) => id)
    .sort();
  const last = taken.at(-1);
  const data = useMemo(
    () => ({
      kind: 'steps' as const,
      times: taken.map(({ at }) => at),
      lines: shown.map((id, n) => ({
        label: id,
        color: (n % COLORS) + 1,
        values: taken.map(({ byResource }) => byResource.get(id) ?? 0),
      })),
    }),
    [taken],
  );
  const now = shown.map((id) => `${id} ${last?.byResource.get(id) ?? 0}`).join(', ');
  return (
    <Chart title="In flight now" summary={now === '' ? 'no resource' : now} data={data} format={compact} />
  );
}

function tokensSummary({ input_tokens, cached_tokens, output_tokens }: SeriesPoint): string {
  const cached = percent(ratio(cached_tokens, input_tokens));
  return `${compact(input_tokens)} in (${cached} cached), ${compact(output_tokens)} out`;
}

function errorsSummary({ errors }: Series): string {
  return errors.length === 0
    ? 'none'
    : errors.map(({ cause, total }) => `${words(cause)} ${count(total)}`).join(', ');
}

function dollarsShort(value: number | null): string {
  return value === null ? '–' : value >= 1 ? `$${compact(value)}` : `$${Number(value.toPrecision(2))}`;
}
