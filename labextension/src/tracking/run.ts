import { PathExt } from '@jupyterlab/coreutils';

import { Remote } from '../api/observable';
import { filled, Refetch } from '../api/refetch';
import { ApiError } from '../api/request';
import type { Change, ExperimentInfo, RunInfo, RunUpdate } from '../api/schema';
import * as api from './api';
import type { ListState } from './runlist';
import type { LiveChanges } from './tokens';

/** One run, live. */
export class RunModel extends Remote {
  constructor(
    live: LiveChanges,
    readonly id: string,
  ) {
    super();
    live.changed.connect(this._onChanged, this);
    live.resync.connect(this._onResync, this);
  }

  get state(): ListState {
    return this._state;
  }

  /** The run; null until it is loaded. */
  get run(): RunInfo | null {
    return this._run;
  }

  override dispose(): void {
    this._whole.dispose();
    super.dispose();
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
      this.emit();
    }
  }

  /** Change name, note or tags; a tag set to null is removed. */
  async update(update: Partial<RunUpdate>): Promise<void> {
    this._set(await api.updateRun(this.id, update));
  }

  private _set(run: RunInfo): void {
    if (this.isDisposed) {
      return;
    }
    this._run = run;
    this._state = 'ready';
    this._error = null;
    this.emit();
  }

  private _onChanged(_: unknown, changes: readonly Change[]): void {
    const place = changes.findLast(
      each => each.domain === 'experiment' && each.id === String(this._run?.experiment_id),
    );
    if (this._run && place?.item) {
      this._set({ ...this._run, experiment: (place.item as ExperimentInfo).name });
    }
    const change = changes.findLast(each => each.domain === 'run' && each.id === this.id);
    if (change) {
      this._onRun(change);
    }
  }

  private _onRun(change: Change): void {
    const whole = change.omitted.length === 0;
    if (whole) {
      this._whole.forget(this.id);
    } else {
      this._whole.ask(change);
    }
    if (change.op === 'deleted') {
      void this.load(); // it still answers, and can be restored
    } else if (whole || this._run) {
      this._told += 1;
      this._set(this._run ? filled(change, this._run) : (change.item as RunInfo));
    }
  }

  private _onResync(): void {
    void this.load();
  }

  private readonly _whole = new Refetch<RunInfo>({
    load: id => api.getRun(id),
    put: run => this._set(run),
  });
  private _state: ListState = 'loading';
  private _run: RunInfo | null = null;
  private _told = 0;
}

/**
 * Where JupyterLab finds the source of a run: below User files.
 *
 * @param name - Path of a notebook or script as its run tells it: whole, or below User files.
 * @param root - The directory of User files on the server.
 * @returns The path below User files; empty for a file elsewhere, or for what is no file (a console).
 */
export function pathInFiles(name: string, root: string): string {
  const path = name.startsWith('/') ? PathExt.relative(root, name) : name;
  return path.startsWith('../') || PathExt.extname(path) === '' ? '' : path;
}
