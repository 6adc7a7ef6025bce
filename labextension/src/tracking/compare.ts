import type { RunInfo } from '../api/schema';
import { toNumber } from './metrics';

/** How many runs one page compares. */
export const MOST_COMPARED = 5;

/** One row of a comparison: a key and a cell for each run, null where the run has none. */
export interface ICompareRow<T> {
  key: string;
  cells: (T | null)[];
  /** Not all runs have the same. */
  differs: boolean;
}

/** A metric row also knows its extremes. */
export interface IMetricRow extends ICompareRow<number> {
  /** Lowest and highest last value; null when fewer than two runs have a finite one. */
  low: number | null;
  high: number | null;
}

function keysOf(records: readonly Record<string, unknown>[]): string[] {
  return [...new Set(records.flatMap(record => Object.keys(record)))].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
}

function rows<T>(records: readonly Record<string, T>[]): ICompareRow<T>[] {
  return keysOf(records).map(key => {
    const cells = records.map(record => (key in record ? record[key] : null));
    return { key, cells, differs: cells.some(cell => !Object.is(cell, cells[0])) };
  });
}

/** Params of the runs side by side. */
export function compareParams(runs: readonly RunInfo[]): ICompareRow<string>[] {
  return rows(runs.map(run => run.params ?? {}));
}

/** Tags of the runs side by side. */
export function compareTags(runs: readonly RunInfo[]): ICompareRow<string>[] {
  return rows(runs.map(run => run.tags ?? {}));
}

/** Last values of the metrics side by side. */
export function compareMetrics(runs: readonly RunInfo[]): IMetricRow[] {
  const records = runs.map(run =>
    Object.fromEntries(
      Object.entries(run.metrics ?? {}).map(([key, summary]) => [key, toNumber(summary.last)]),
    ),
  );
  return rows(records).map(row => {
    const finite = row.cells.filter((cell): cell is number => Number.isFinite(cell));
    const known = finite.length > 1;
    return {
      ...row,
      low: known ? Math.min(...finite) : null,
      high: known ? Math.max(...finite) : null,
    };
  });
}
