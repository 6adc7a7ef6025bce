import { describe, expect, it } from 'vitest';

import type { HistoryInfo, MetricSummary } from '../api/schema';
import { curve, drawn, headline, smooth, toNumber } from './metrics';

const summary = (last: number | string): MetricSummary => ({
  last,
  min: last,
  max: last,
  step: 0,
  count: 1,
});

const history = (steps: number[], values: (number | string)[]): HistoryInfo => ({
  key: 'loss',
  steps,
  values,
  times: steps.map(step => 1000 + step * 10),
  count: steps.length,
});

describe('metrics', () => {
  it('reads numbers that JSON cannot hold', () => {
    expect(toNumber('NaN')).toBeNaN();
    expect(toNumber('-Infinity')).toBe(-Infinity);
    expect(toNumber(0.5)).toBe(0.5);
  });

  it('picks the metric that says most', () => {
    expect(headline({})).toBeNull();
    expect(headline({ zeta: summary(1), alpha: summary(2) })?.key).toBe('alpha');
    expect(headline({ loss: summary(1), 'val/accuracy': summary(0.9) })).toEqual({
      key: 'val/accuracy',
      value: 0.9,
    });
  });

  it('smooths without a bias at the start and passes gaps through', () => {
    expect(smooth([3, 3, 3], 0.9).map(value => value.toFixed(6))).toEqual([
      '3.000000',
      '3.000000',
      '3.000000',
    ]);
    const values = smooth([1, NaN, 2], 0.5);
    expect(values[1]).toBeNaN();
    expect(values[2]).toBeCloseTo(5 / 3);
    expect(smooth([1, 5], 0)).toEqual([1, 5]);
  });

  it('sorts steps that go back and keeps the order of equal ones', () => {
    expect(curve(history([0, 2, 1, 1], [1, 2, 3, 'NaN']), 'step', 0)).toEqual({
      x: [0, 1, 1, 2],
      y: [1, 3, NaN, 2],
    });
    expect(curve(history([0, 3], [1, 2]), 'time', 1000).x).toEqual([0, 30]);
  });

  it('leaves gaps where nothing can be drawn', () => {
    const options = { axis: 'step' as const, log: false, smoothing: 0 };
    const logged = history([0, 1, 2], [0, 'NaN', 3]);
    expect(drawn(logged, 0, options)).toEqual({ x: [0, 1, 2], y: [0, null, 3] });
    expect(drawn(logged, 0, { ...options, log: true }).y).toEqual([null, null, 3]);
  });
});
