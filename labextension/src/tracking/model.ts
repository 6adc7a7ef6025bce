import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Collection } from '../api/collection';
import type { Live } from '../api/live';
import type { Experiment, Run } from '../api/schema';
import * as api from './api';
import { RunList } from './runlist';
import type { ILineageProvider } from './tokens';

/** Runs that the sidebar shows below an experiment. */
const RECENT = 5;

/** Experiments of the workspace and, on demand, their latest runs. */
export class TrackingModel implements IDisposable {
  constructor(readonly live: Live) {
    this.experiments = new Collection<Experiment>({
      live,
      domain: 'experiment',
      key: experiment => String(experiment.id),
      load: api.listExperiments,
    });
  }

  /** All experiments, the deleted ones included. */
  readonly experiments: Collection<Experiment>;

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
    this.experiments.upsert(await api.updateExperiment(experiment, { name }));
  }

  async setNote(experiment: number, note: string): Promise<void> {
    this.experiments.upsert(await api.updateExperiment(experiment, { note }));
  }

  async create(name: string): Promise<Experiment> {
    const experiment = await api.createExperiment(name);
    this.experiments.upsert(experiment);
    return experiment;
  }

  async deleteExperiment(experiment: Experiment): Promise<void> {
    await api.deleteExperiment(experiment.id);
    this.experiments.upsert({ ...experiment, deleted: true });
  }

  async restoreExperiment(id: number): Promise<void> {
    this.experiments.upsert(await api.restoreExperiment(id));
  }

  async deleteRun(run: Run): Promise<void> {
    await api.deleteRun(run.id);
    this._recent.get(run.experiment_id)?.upsert({ ...run, deleted: true });
  }

  async restoreRun(id: string): Promise<Run> {
    const run = await api.restoreRun(id);
    this._recent.get(run.experiment_id)?.upsert(run);
    return run;
  }

  private readonly _recent = new Map<number, RunList>();
  private readonly _lineage: ILineageProvider[] = [];
  private readonly _lineageChanged = new Signal<this, void>(this);
  private _disposed = false;
}

/** Experiments that a list shows: those that are (not) deleted and match the words typed. */
export function filterExperiments(
  items: readonly Experiment[],
  query: string,
  deleted: boolean,
): Experiment[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return items
    .filter(item => item.deleted === deleted)
    .filter(item => words.every(word => item.name.toLowerCase().includes(word)))
    .sort((a, b) => b.updated - a.updated);
}
