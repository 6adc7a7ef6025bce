import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Collection } from '../api/collection';
import type { Live } from '../api/live';
import type { Change, ExperimentInfo, RunInfo } from '../api/schema';
import * as api from './api';
import { RunList } from './runlist';
import type { ILineageProvider } from './tokens';

/** Runs that the sidebar shows below an experiment. */
const RECENT = 5;

/** Experiments of the workspace and, on demand, their latest runs. */
export class TrackingModel implements IDisposable {
  constructor(readonly live: Live) {
    this.experiments = collection(live, false);
    this.deleted = collection(live, true);
    live.changed.connect(this._onChanged, this);
  }

  /** Those that are not deleted. */
  readonly experiments: Collection<ExperimentInfo>;

  /** Those that are, and can be restored. */
  readonly deleted: Collection<ExperimentInfo>;

  /** Who else tells what became of a run: models, endpoints. */
  get lineage(): readonly ILineageProvider[] {
    return this._lineage;
  }

  get lineageChanged(): ISignal<this, void> {
    return this._lineageChanged;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this.experiments.dispose();
    this.deleted.dispose();
    this._recent.forEach(list => list.dispose());
    Signal.clearData(this);
  }

  addLineage(provider: ILineageProvider): void {
    this._lineage.push(provider);
    provider.changed.connect(() => this._lineageChanged.emit());
    this._lineageChanged.emit();
  }

  /** The latest runs of an experiment, live; fetched when first asked for. */
  recent(experiment: number): RunList {
    let list = this._recent.get(experiment);
    if (!list) {
      list = new RunList({ live: this.live, query: { experiment, limit: RECENT } });
      this._recent.set(experiment, list);
      void list.refresh();
    }
    return list;
  }

  async rename(experiment: number, name: string): Promise<void> {
    await this.experiments.take(api.updateExperiment(experiment, { name }));
  }

  async setNote(experiment: number, note: string): Promise<void> {
    await this.experiments.take(api.updateExperiment(experiment, { note }));
  }

  create(name: string): Promise<ExperimentInfo> {
    return this.experiments.take(api.createExperiment(name));
  }

  async deleteExperiment(experiment: ExperimentInfo): Promise<void> {
    await api.deleteExperiment(experiment.id);
    const gone = { ...experiment, deleted: true };
    this.experiments.upsert(gone);
    this.deleted.upsert(gone);
  }

  async restoreExperiment(id: number): Promise<void> {
    const back = await api.restoreExperiment(id);
    this.experiments.upsert(back);
    this.deleted.upsert(back);
  }

  async deleteRun(run: RunInfo): Promise<void> {
    await api.deleteRun(run.id);
    this._recent.get(run.experiment_id)?.upsert({ ...run, deleted: true });
  }

  async restoreRun(id: string): Promise<RunInfo> {
    const run = await api.restoreRun(id);
    this._recent.get(run.experiment_id)?.upsert(run);
    return run;
  }

  private _onChanged(_: unknown, changes: readonly Change[]): void {
    const gone = changes.some(each => each.domain === 'experiment' && each.op === 'deleted');
    if (gone && this.deleted.state === 'ready') {
      void this.deleted.refresh(); // the event does not say what was deleted, only its id
    }
  }

  private readonly _recent = new Map<number, RunList>();
  private readonly _lineage: ILineageProvider[] = [];
  private readonly _lineageChanged = new Signal<this, void>(this);
  private _disposed = false;
}

function collection(live: Live, deleted: boolean): Collection<ExperimentInfo> {
  return new Collection<ExperimentInfo>({
    live,
    domain: 'experiment',
    key: experiment => String(experiment.id),
    load: () => api.listExperiments(deleted),
    loadOne: id => api.getExperiment(Number(id)),
    accept: experiment => experiment.deleted === deleted,
  });
}

/** Experiments that match the words typed, the one with the latest activity on top. */
export function filterExperiments(
  items: readonly ExperimentInfo[],
  query: string,
): ExperimentInfo[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return items
    .filter(item => words.every(word => item.name.toLowerCase().includes(word)))
    .sort((a, b) => b.updated - a.updated);
}
