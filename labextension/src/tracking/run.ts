import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from '../api/request';
import type { Change, Experiment, Run, RunUpdate } from '../api/schema';
import * as api from './api';
import type { ListState } from './runlist';
import type { LiveChanges } from './tokens';

/** One run, live. */
export class RunModel implements IDisposable {
  constructor(
    live: LiveChanges,
    readonly id: string,
  ) {
    live.changed.connect(this._onChanged, this);
    live.resync.connect(this._onResync, this);
  }

  get state(): ListState {
    return this._state;
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** The run; null until it is loaded. */
  get run(): Run | null {
    return this._run;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    const told = this._told;
    try {
      const run = await api.getRun(this.id);
      if (told === this._told) {
        this._set(run); // else an event brought something newer meanwhile
      }
    } catch (error) {
      this._error = ApiError.from(error);
      this._state = this._run ? 'ready' : 'error';
      this._changed.emit();
    }
  }

  /** Change name, note or tags; a tag set to null is removed. */
  async update(update: Partial<RunUpdate>): Promise<void> {
    this._set(await api.updateRun(this.id, update));
  }

  private _set(run: Run): void {
    if (this._disposed) {
      return;
    }
    this._run = run;
    this._state = 'ready';
    this._error = null;
    this._changed.emit();
  }

  private _onChanged(_: unknown, changes: readonly Change[]): void {
    const place = changes.findLast(
      each => each.domain === 'experiment' && each.id === String(this._run?.experiment_id),
    );
    if (this._run && place?.item) {
      this._set({ ...this._run, experiment: (place.item as Experiment).name });
    }
    const change = changes.findLast(each => each.domain === 'run' && each.id === this.id);
    if (change?.item) {
      this._told += 1;
      this._set(change.item as Run);
    } else if (change) {
      void this.load(); // deleted: it still answers, and can be restored
    }
  }

  private _onResync(): void {
    void this.load();
  }

  private _state: ListState = 'loading';
  private _error: ApiError | null = null;
  private _run: Run | null = null;
  private _told = 0;
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
