import type { HistoryInfo, MetricSummary } from '../api/schema';

/** Metrics that say most about a run, best first; used where there is room for one. */
const HEADLINES = ['accuracy', 'acc', 'auc', 'f1', 'r2', 'score', 'loss', 'rmse', 'mae'];

/** A wire value as a number: NaN and infinities travel as strings. */
export function toNumber(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}

/** The one metric that a list shows of a run: its key and last value. */
export function headline(
  metrics: Record<string, MetricSummary> | undefined,
): { key: string; value: number } | null {
  const keys = Object.keys(metrics ?? {});
  if (keys.length === 0) {
    return null;
  }
  const rank = (key: string): number => {
    const words = key.toLowerCase().split(/[^a-z0-9]+/);
    const index = HEADLINES.findIndex(word => words.includes(word));
    return index < 0 ? HEADLINES.length : index;
  };
  const key = keys.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))[0];
  return { key, value: toNumber(metrics![key].last) };
}

/**
 * Exponential moving average with bias correction (as TensorBoard draws it).
 *
 * @param values - Points in order; values that are not finite are passed through untouched.
 * @param weight - 0 (no smoothing) to just below 1.
 */
export function smooth(values: readonly number[], weight: number): number[] {
  if (weight <= 0) {
    return values.slice();
  }
  let mean = 0;
  let correction = 1;
  return values.map(value => {
    if (!Number.isFinite(value)) {
      return value;
    }
    mean = mean * weight + (1 - weight) * value;
    correction *= weight;
    return mean / (1 - correction);
  });
}

/** What runs along a chart's x axis. */
export type XAxis = 'step' | 'time';

/** A drawn curve: x ascending. */
export interface ICurve {
  x: number[];
  y: number[];
}

/**
 * A history as a curve.
 *
 * Steps may repeat or go back (two loops that log one key): the curve is sorted by x and keeps
 * the order in which equal steps were logged.
 *
 * @param start - Zero of the time axis, seconds since the epoch.
 */
export function curve(history: HistoryInfo, axis: XAxis, start: number): ICurve {
  const raw = axis === 'step' ? history.steps : history.times.map(time => time - start);
  const values = history.values.map(toNumber);
  const order = raw.map((_, index) => index);
  if (raw.some((value, index) => index > 0 && value < raw[index - 1])) {
    order.sort((a, b) => raw[a] - raw[b] || a - b);
  }
  return { x: order.map(index => raw[index]), y: order.map(index => values[index]) };
}

/** How curves are drawn. */
export interface IChartOptions {
  axis: XAxis;
  log: boolean;
  /** Weight of the moving average, 0 to below 1. */
  smoothing: number;
}

/** A curve as a chart draws it: smoothed, with gaps where nothing can be drawn. */
export function drawn(
  history: HistoryInfo,
  start: number,
  options: IChartOptions,
): { x: number[]; y: (number | null)[] } {
  const { x, y } = curve(history, options.axis, start);
  const shown = smooth(y, options.smoothing).map(value =>
    Number.isFinite(value) && (!options.log || value > 0) ? value : null,
  );
  return { x, y: shown };
}
