import type { RunInfo } from '../api/schema';

/** A column of the run table. */
export interface IRunColumn {
  /** created, name, status, duration, compute, tags, param.KEY or metric.KEY. */
  id: string;
  label: string;
  group: 'run' | 'param' | 'metric';
  /** The server can order by it. */
  sortable: boolean;
}

/** Before the metrics and params; `name` and `status` cannot be hidden. */
const FIRST_COLUMNS: readonly IRunColumn[] = [
  { id: 'status', label: 'Status', group: 'run', sortable: true },
  { id: 'name', label: 'Name', group: 'run', sortable: true },
  { id: 'created', label: 'Created', group: 'run', sortable: true },
  { id: 'duration', label: 'Duration', group: 'run', sortable: false },
];

/** After them. */
const LAST_COLUMNS: readonly IRunColumn[] = [
  { id: 'compute', label: 'Compute', group: 'run', sortable: false },
  { id: 'tags', label: 'Tags', group: 'run', sortable: false },
];

const ALWAYS = new Set(['status', 'name']);

/** More keys than this are off until the column chooser turns them on. */
const SHOWN_AT_FIRST = 6;

/** All columns that these runs can fill. */
export function columnsOf(runs: readonly RunInfo[]): IRunColumn[] {
  const keyed = (
    group: 'param' | 'metric',
    pick: (run: RunInfo) => object | undefined,
  ): IRunColumn[] =>
    [...new Set(runs.flatMap(run => Object.keys(pick(run) ?? {})))]
      .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
      .map(key => ({ id: `${group}.${key}`, label: key, group, sortable: true }));
  return [
    ...FIRST_COLUMNS,
    ...keyed('metric', run => run.metrics),
    ...keyed('param', run => run.params),
    ...LAST_COLUMNS,
  ];
}

/**
 * The columns to show.
 *
 * @param choice - What the user switched on (true) or off (false), by column id.
 */
export function visibleColumns(
  columns: readonly IRunColumn[],
  choice: Readonly<Record<string, boolean>>,
): IRunColumn[] {
  const seen = { run: 0, param: 0, metric: 0 };
  return columns.filter(column => {
    if (ALWAYS.has(column.id)) {
      return true;
    }
    seen[column.group] += 1;
    const byDefault =
      column.group === 'run' ? column.id !== 'compute' : seen[column.group] <= SHOWN_AT_FIRST;
    return choice[column.id] ?? byDefault;
  });
}

/** Whether the chooser may switch the column off. */
export function hideable(column: IRunColumn): boolean {
  return !ALWAYS.has(column.id);
}

/** Seconds a run took, or has taken until `now`; null before it started. */
export function duration(run: RunInfo, now: number): number | null {
  const start = run.started ?? null;
  if (start === null) {
    return null;
  }
  return Math.max(0, (run.ended ?? now) - start);
}

/** Whether the run has not ended. */
export function isActive(run: Pick<RunInfo, 'status'>): boolean {
  return run.status === 'queued' || run.status === 'preparing' || run.status === 'running';
}
