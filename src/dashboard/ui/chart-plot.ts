import uPlot from 'uplot';

/** What a chart draws; times in epoch ms, one value of each line for each time. */
export interface ChartLine {
  readonly label: string;
  /** 1 to 6: the colours of the style sheet. */
  readonly color: number;
  readonly values: readonly (number | null)[];
  /** What is drawn where that is not the value: bars that stand on others. */
  readonly drawn?: readonly (number | null)[];
}

/** How values are drawn: a bar for each slice, a line through them, or a line that keeps its value until the next. */
export type ChartKind = 'bars' | 'line' | 'steps';

export interface ChartData {
  readonly kind: ChartKind;
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
}

interface PlotOptions {
  readonly width: number;
  readonly height: number;
  readonly format: (value: number | null) => string;
  /** Which time the pointer is at; null = it is not there. */
  readonly onCursor: (index: number | null) => void;
}

const DAY_S = 86_400;
/** Two samples a moment apart would make an axis of milliseconds. */
const LEAST_SPAN_S = 300;
const AXIS_FONT = '11px system-ui, sans-serif';

/** Draws into `root`. Colours come from the style sheet, so a new plot is needed when they change. */
export function drawPlot(root: HTMLElement, data: ChartData, options: PlotOptions): uPlot {
  const style = getComputedStyle(root);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: color('--soft'), font: AXIS_FONT, grid: { stroke: color('--line'), width: 1 } };
  return new uPlot(
    {
      width: options.width,
      height: options.height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { range: (plot) => spanOf(plot.data[0]) },
        y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        { ...axis, size: 26, space: 60, ticks: { show: false }, values: (_plot, times) => timesOf(times) },
        {
          ...axis,
          size: 54,
          space: 28,
          ticks: { show: false },
          values: (_plot, values) => values.map(options.format),
        },
      ],
      series: [{}, ...data.lines.map((line) => seriesOf(line, data.kind, color(`--chart-${line.color}`)))],
      hooks: { setCursor: [(plot) => options.onCursor(plot.cursor.idx ?? null)] },
    },
    alignedOf(data),
    root,
  );
}

export function alignedOf({ times, lines }: ChartData): uPlot.AlignedData {
  return [times.map((at) => at / 1_000), ...lines.map(({ values, drawn }) => [...(drawn ?? values)])];
}

function seriesOf({ label }: ChartLine, kind: ChartKind, stroke: string): uPlot.Series {
  const { bars, stepped } = uPlot.paths;
  if (kind === 'bars')
    return {
      label,
      stroke,
      width: 0,
      fill: stroke,
      points: { show: false },
      paths: bars?.({ size: [0.8, 40] }),
    };
  const paths = kind === 'steps' ? { paths: stepped?.({ align: 1 }) } : {};
  // A value between two times in which nothing was measured is a point; nothing else would show it.
  return { label, stroke, width: 1.5, points: { show: kind === 'line', size: 4, fill: stroke }, ...paths };
}

function spanOf(times: ArrayLike<number>): [number, number] {
  const last = times[times.length - 1] ?? 0;
  return [Math.min(times[0] ?? last, last - LEAST_SPAN_S), last];
}

/** Days where the picture is of days, else times. */
function timesOf(times: readonly number[]): string[] {
  const days = (times.at(-1) ?? 0) - (times[0] ?? 0) > DAY_S;
  const how: Intl.DateTimeFormatOptions = days
    ? { day: 'numeric', month: 'short' }
    : { hour: '2-digit', minute: '2-digit', hour12: false };
  return times.map((at) => new Date(at * 1_000).toLocaleString(undefined, how));
}
