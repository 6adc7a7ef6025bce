import { Observable } from '../api/observable';
import { ApiError } from '../api/request';
import type { HistoryInfo, RunInfo } from '../api/schema';
import { getHistory } from './api';
import type { LiveChanges } from './tokens';

/** Points a chart can show; more would fall on the same pixels. */
const MAX_POINTS = 1000;

/** Requests at a time: a page with a hundred charts must not starve the rest of the Lab. */
const PARALLEL = 4;

interface IEntry {
  run: string;
  key: string;
  history: HistoryInfo | null;
  error: ApiError | null;
  /** Newer points are known to exist. */
  stale: boolean;
  loading: boolean;
  /** Charts that show it now. */
  watchers: number;
}

/** Metric histories of the runs that a page shows: fetched when watched, refreshed when they grow. */
export class Histories extends Observable {
  constructor(live: LiveChanges) {
    super();
    live.resync.connect(this._onResync, this);
  }

  /** Keep a history fresh until the answer is disposed of. */
  watch(run: string, key: string): () => void {
    const entry = this._entry(run, key);
    entry.watchers += 1;
    this._pump();
    return () => {
      entry.watchers -= 1;
    };
  }

  /** Take note of how many points a run has now. */
  follow(run: RunInfo): void {
    for (const [key, summary] of Object.entries(run.metrics)) {
      const entry = this._entries.get(`${run.id}/${key}`);
      if (entry?.history && entry.history.count < summary.count) {
        entry.stale = true;
      }
    }
    this._pump();
  }

  history(run: string, key: string): HistoryInfo | null {
    return this._entries.get(`${run}/${key}`)?.history ?? null;
  }

  error(run: string, key: string): ApiError | null {
    return this._entries.get(`${run}/${key}`)?.error ?? null;
  }

  private _entry(run: string, key: string): IEntry {
    const id = `${run}/${key}`;
    let entry = this._entries.get(id);
    if (!entry) {
      const blank = { history: null, error: null, stale: true, loading: false, watchers: 0 };
      entry = { run, key, ...blank };
      this._entries.set(id, entry);
    }
    return entry;
  }

  private _pump(): void {
    for (const entry of this._entries.values()) {
      if (this._loading >= PARALLEL || this.isDisposed) {
        return;
      }
      if (entry.stale && !entry.loading && entry.watchers > 0) {
        void this._load(entry);
      }
    }
  }

  private async _load(entry: IEntry): Promise<void> {
    entry.loading = true;
    entry.stale = false;
    this._loading += 1;
    try {
      entry.history = await getHistory(entry.run, entry.key, MAX_POINTS);
      entry.error = null;
    } catch (error) {
      entry.error = ApiError.from(error);
    }
    entry.loading = false;
    this._loading -= 1;
    if (!this.isDisposed) {
      this.emit();
      this._pump();
    }
  }

  private _onResync(): void {
    this._entries.forEach(entry => (entry.stale = true));
    this._pump();
  }

  private readonly _entries = new Map<string, IEntry>();
  private _loading = 0;
}
