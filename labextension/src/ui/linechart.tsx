import * as React from 'react';
import uPlot from 'uplot';

import { formatDuration, formatNumber } from './format';

export interface Series {
  label: string;
  x: readonly number[];
  /** null leaves a gap. */
  y: readonly (number | null)[];
  /** Index of its colour; without it, its place. */
  color?: number;
}

export interface LineChartProps {
  series: readonly Series[];
  /** Read aloud, and the title. */
  label: string;
  /** 'step' (numbers), 'time' (seconds since the epoch) or 'elapsed' (seconds). */
  xKind?: 'step' | 'time' | 'elapsed';
  logY?: boolean;
  /** Pixels. */
  height?: number;
}

const COLORS = [
  '--jp-brand-color1',
  '--jp-warn-color1',
  '--jp-success-color1',
  '--jp-error-color1',
  '--jp-accent-color1',
];

function color(name: string): string {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

/** The colour of the n-th curve in the current theme. */
export function seriesColor(index: number): string {
  return color(COLORS[index % COLORS.length]);
}

/** Counts changes of JupyterLab's theme: canvases must be drawn anew. */
function useTheme(): number {
  const [theme, changed] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const observer = new MutationObserver(changed);
    observer.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
    return () => observer.disconnect();
  }, []);
  return theme;
}

/** Curves over steps or time. Drag to zoom, double click to zoom out; values under the cursor. */
export default function LineChart(props: LineChartProps): React.ReactElement {
  const { series, label, xKind = 'step', logY = false, height = 200 } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const chart = React.useRef<uPlot | null>(null);
  const theme = useTheme();
  const data = React.useMemo(() => align(series), [series]);
  const shape = series.map(one => `${one.label}\n${one.color ?? ''}`).join('\n\n');

  React.useEffect(() => {
    const node = host.current;
    if (!node) {
      return;
    }
    const options = chartOptions(series, xKind, logY, node.clientWidth || 300, height);
    const plot = new uPlot(options, data, node);
    chart.current = plot;
    const observer = new ResizeObserver(() => {
      if (node.clientWidth > 0) {
        plot.setSize({ width: node.clientWidth, height });
      }
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
    // New points go through setData below: only another shape of the chart builds a new one.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, xKind, logY, height, theme]);

  React.useEffect(() => chart.current?.setData(data), [data]);

  const single = series.length === 1 ? ' myd-mod-single' : '';
  return <div className={`myd-chart${single}`} ref={host} role="img" aria-label={label} />;
}

/** One x axis for all: uPlot draws columns. */
function align(series: readonly Series[]): uPlot.AlignedData {
  if (series.length === 0) {
    return [[]];
  }
  const tables = series.map(one => [[...one.x], [...one.y]] as uPlot.AlignedData);
  return tables.length === 1 ? tables[0] : uPlot.join(tables);
}

function chartOptions(
  series: readonly Series[],
  xKind: NonNullable<LineChartProps['xKind']>,
  logY: boolean,
  width: number,
  height: number,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: color('--jp-ui-font-color2'),
    font: `11px ${color('--jp-ui-font-family')}`,
    grid: { stroke: color('--jp-border-color2'), width: 1 },
    ticks: { stroke: color('--jp-border-color2'), width: 1, size: 4 },
  };
  const xValue = (_: uPlot, value: number | null): string =>
    value === null ? '–' : xKind === 'elapsed' ? formatDuration(value) : formatNumber(value);
  const xValues = (_: uPlot, ticks: number[]): string[] => ticks.map(tick => xValue(_, tick));
  return {
    width,
    height,
    scales: { x: { time: xKind === 'time' }, y: { distr: logY ? 3 : 1 } },
    axes: [
      { ...axis, size: 28, ...(xKind === 'time' ? {} : { values: xValues }) },
      { ...axis, size: 56, values: (_, ticks) => ticks.map(tick => formatNumber(tick, 4)) },
    ],
    series: [
      xKind === 'time' ? { label: 'time' } : { label: xKind, value: xValue },
      ...series.map((one, index) => ({
        label: one.label,
        stroke: seriesColor(one.color ?? index),
        width: 1.5,
        spanGaps: true,
        points: { show: one.x.length <= 2 || undefined, size: 5 },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : formatNumber(value)),
      })),
    ],
    legend: { live: true },
    cursor: { drag: { x: true, y: false }, focus: { prox: 16 } },
  };
}
