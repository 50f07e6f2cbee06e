import uPlot from 'uplot';

/** What a chart draws; times in epoch ms, one value of each line for each time. */
export interface ChartLine {
  readonly label: string;
  /** 1 to 6: the colours of the style sheet. */
  readonly color: number;
  /** Coloured down to the axis. */
  readonly filled?: boolean;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
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
      scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
      axes: [
        { ...axis, size: 26, space: 70, ticks: { show: false } },
        {
          ...axis,
          size: 54,
          space: 28,
          ticks: { show: false },
          values: (_plot, values) => values.map(options.format),
        },
      ],
      series: [{}, ...data.lines.map((line) => seriesOf(line, color(`--chart-${line.color}`)))],
      hooks: { setCursor: [(plot) => options.onCursor(plot.cursor.idx ?? null)] },
    },
    alignedOf(data),
    root,
  );
}

export function alignedOf({ times, lines }: ChartData): uPlot.AlignedData {
  return [times.map((at) => at / 1_000), ...lines.map(({ values }) => [...values])];
}

function seriesOf({ label, filled }: ChartLine, stroke: string): uPlot.Series {
  return {
    label,
    stroke,
    width: 1.5,
    points: { show: false },
    spanGaps: false,
    ...(filled === true ? { fill: `${stroke}38` } : {}),
  };
}
