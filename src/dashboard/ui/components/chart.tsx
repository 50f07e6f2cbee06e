import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { ChartData, ChartLine } from '../chart-plot.js';
import { moment } from '../format.js';
import { Table } from './table.js';

const HEIGHT = 150;

interface Props {
  readonly title: string;
  /** In words, what the picture shows: its text alternative. */
  readonly summary: string;
  readonly data: ChartData;
  readonly format: (value: number | null) => string;
}

/** A picture, its meaning in a sentence, and its figures as a table for whoever wants or needs them. */
export function Chart(props: Props): JSX.Element {
  const at = useSignal<number | null>(null);
  const { data } = props;
  const point = at.value === null || at.value >= data.times.length ? null : at.value;
  return (
    <figure class="card chart">
      <figcaption>
        <h3>{props.title}</h3>
        <p class="hint">{point === null ? props.summary : moment(data.times[point] ?? 0)}</p>
      </figcaption>
      <Plot
        data={data}
        format={props.format}
        label={`${props.title}: ${props.summary}`}
        onCursor={(n) => (at.value = n)}
      />
      <ul class="legend" aria-hidden="true">
        {data.lines.map((line) => (
          <li key={line.label}>
            <span class={`swatch c${line.color}`} />
            {point === null ? line.label : `${line.label} ${props.format(line.values[point] ?? null)}`}
          </li>
        ))}
      </ul>
      <Figures {...props} />
    </figure>
  );
}

function Plot(props: {
  data: ChartData;
  format: Props['format'];
  label: string;
  onCursor: (index: number | null) => void;
}): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  const plot = useRef<{ drawn: uPlot; update: () => void } | null>(null);
  latest.current = props;
  const shape = props.data.lines.map((line) => `${line.label} ${line.color}`).join();
  useEffect(() => keepDrawn(root.current, latest, plot), [shape]);
  useEffect(() => plot.current?.update(), [props.data]);
  return <div class="plot" ref={root} role="img" aria-label={props.label} />;
}

type Ref<T> = { current: T };

/** Draws, and again when the width or the colours change. The library is fetched by the first chart that is shown. */
function keepDrawn(
  root: HTMLElement | null,
  latest: Ref<{ data: ChartData; format: Props['format']; onCursor: (index: number | null) => void }>,
  plot: Ref<{ drawn: uPlot; update: () => void } | null>,
): (() => void) | undefined {
  if (root === null) return undefined;
  let gone = false;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const clear = (): void => {
    plot.current?.drawn.destroy();
    plot.current = null;
  };
  const draw = async (): Promise<void> => {
    const { alignedOf, drawPlot } = await import('../chart-plot.js');
    if (gone || root.clientWidth === 0) return;
    clear();
    const drawn = drawPlot(root, latest.current.data, {
      width: root.clientWidth,
      height: HEIGHT,
      format: (value) => latest.current.format(value),
      onCursor: (index) => latest.current.onCursor(index),
    });
    plot.current = { drawn, update: () => drawn.setData(alignedOf(latest.current.data)) };
  };
  const redraw = (): void => void draw();
  const resized = new ResizeObserver(() => {
    if (plot.current === null) redraw();
    else plot.current.drawn.setSize({ width: root.clientWidth, height: HEIGHT });
  });
  resized.observe(root);
  dark.addEventListener('change', redraw);
  return () => {
    gone = true;
    resized.disconnect();
    dark.removeEventListener('change', redraw);
    clear();
  };
}

/** Times in which nothing happened are left out. */
function Figures({ title, data, format }: Props): JSX.Element {
  const open = useSignal(false);
  const rows = data.times
    .map((at, n) => ({ at, n }))
    .filter(({ n }) => data.lines.some(({ values }) => (values[n] ?? 0) !== 0))
    .reverse();
  return (
    <details onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>Figures</summary>
      {open.value && (
        <Table
          caption={`Figures of ${title}`}
          columns={[
            { key: 'at', head: 'From', cell: (row) => moment(row.at) },
            ...data.lines.map((line: ChartLine) => ({
              key: line.label,
              head: line.label,
              number: true,
              cell: (row: { n: number }) => format(line.values[row.n] ?? null),
            })),
          ]}
          rows={rows}
          rowKey={(row) => String(row.at)}
        />
      )}
    </details>
  );
}
