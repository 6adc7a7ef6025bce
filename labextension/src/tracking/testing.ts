import { Signal } from '@lumino/signaling';

import type { Change, Run } from '../api/schema';

/** A live connection whose events the test emits. */
export class FakeLive {
  readonly changed = new Signal<this, readonly Change[]>(this);
  readonly resync = new Signal<this, void>(this);

  /** Tell that a run changed. */
  runUpdated(run: Run): void {
    this.changed.emit([{ domain: 'run', id: run.id, op: 'updated', item: run }]);
  }
}

/** A finished run with the given differences. */
export function makeRun(id: string, differences: Partial<Run> = {}): Run {
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
