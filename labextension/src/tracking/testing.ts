import { Signal } from '@lumino/signaling';

import type { Change, RunInfo } from '../api/schema';

/** A live connection whose events the test emits. */
export class FakeLive {
  readonly changed = new Signal<this, readonly Change[]>(this);
  readonly resync = new Signal<this, void>(this);

  /** Tell that a run changed. */
  runUpdated(run: RunInfo): void {
    this.changed.emit([{ domain: 'run', id: run.id, op: 'updated', item: run, omitted: [] }]);
  }

  /** Tell of a large one, as the server does: without its metrics. */
  largeUpdated(run: RunInfo): void {
    const item = { ...run, metrics: {} };
    this.changed.emit([{ domain: 'run', id: run.id, op: 'updated', item, omitted: ['metrics'] }]);
  }
}

/** A finished run with the given differences. */
export function makeRun(id: string, differences: Partial<RunInfo> = {}): RunInfo {
  return {
    id,
    experiment_id: 1,
    experiment: 'demo',
    name: `run ${id}`,
    status: 'finished',
    created: 100,
    started: 100,
    ended: 160,
    compute: '',
    tags: {},
    params: {},
    metrics: {},
    note: '',
    error: '',
    parent: '',
    source: null,
    python: '3.11.2',
    deleted: false,
    models: [],
    ...differences,
  };
}

/** A run under way with 5,000 metrics of so many points; the last value of each is their number. */
export function makeLargeRun(
  id: string,
  count: number,
  differences: Partial<RunInfo> = {},
): RunInfo {
  const summary = { last: count, min: 0, max: count, step: count, count };
  const metrics = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, number) => [`metric${number}`, summary]),
  );
  return makeRun(id, { status: 'running', metrics, ...differences });
}
