import { Remote } from '../api/observable';
import { filled, Refetch } from '../api/refetch';
import { ApiError } from '../api/request';
import type { Change, RunInfo } from '../api/schema';
import { getRun, IRunQuery, listRuns } from './api';
import { isActive } from './columns';
import type { LiveChanges } from './tokens';

/** Milliseconds between two requests for large runs: a list has many, a page only its own. */
const APART = 5_000;

/** Where a list stands with its server. */
export type ListState = 'loading' | 'ready' | 'error';

/**
 * Runs of one query: fetched page by page, kept up to date by events.
 *
 * A run that the list shows is replaced in place. A new run is put on top where the list is
 * ordered by creation; elsewhere only the server knows its place, so it is counted in `fresh`
 * until the user asks for it: rows never jump away under the pointer. Of a large run, state and
 * name are live; the rest follows, one run at a time.
 */
export class RunList extends Remote {
  constructor(options: { live: LiveChanges; query: IRunQuery }) {
    super();
    this._live = options.live;
    this._query = { orderBy: 'created', descending: true, limit: 100, ...options.query };
    this._live.changed.connect(this._onChanged, this);
    this._live.resync.connect(this._onResync, this);
  }

  get state(): ListState {
    return this._state;
  }

  get items(): readonly RunInfo[] {
    return this._items;
  }

  /** The runs that were shown last: where none match, columns are still those of before. */
  get sample(): readonly RunInfo[] {
    return this._items.length > 0 ? this._items : this._sample;
  }

  /** How many runs match on the server. */
  get total(): number {
    return this._total;
  }

  /** Whether the server has further pages. */
  get more(): boolean {
    return this._next !== '';
  }

  /** A page or a re-ordering is under way. */
  get busy(): boolean {
    return this._request !== null;
  }

  /** New runs that are not shown yet. */
  get fresh(): number {
    return this._fresh.size;
  }

  get query(): Readonly<IRunQuery> {
    return this._query;
  }

  override dispose(): void {
    this._request?.abort();
    this._whole.dispose();
    super.dispose();
  }

  /** Ask something else; the rows stay until the answer is there. */
  setQuery(query: Partial<IRunQuery>): Promise<void> {
    this._query = { ...this._query, ...query };
    return this.refresh();
  }

  /** Fetch the first page anew. */
  refresh(): Promise<void> {
    return this._load('');
  }

  /** Fetch the next page, if there is one and none is under way. */
  async loadMore(): Promise<void> {
    if (this.more && !this.busy) {
      await this._load(this._next);
    }
  }

  /** Show an answer of the server at once, without waiting for its event. */
  upsert(run: RunInfo): void {
    if (this._merge(run)) {
      this.emit();
    }
  }

  private async _load(page: string): Promise<void> {
    this._request?.abort();
    const request = new AbortController();
    this._request = request;
    this._during = [];
    this.emit();
    try {
      const answer = await listRuns({ ...this._query, page }, request.signal);
      if (this._request !== request) {
        return;
      }
      this._sample = this.sample;
      const known = new Set(page ? this._items.map(run => run.id) : []);
      const added = answer.runs.filter(run => !known.has(run.id));
      this._items = page ? [...this._items, ...added] : answer.runs;
      this._next = answer.next;
      this._total = answer.total;
      this._fresh.clear();
      this._state = 'ready';
      this._error = null;
      // The answer may have been read before what was told while it was on its way.
      this._during.forEach(change => this._apply(change));
    } catch (error) {
      if (this._request !== request || this.isDisposed) {
        return;
      }
      this._error = ApiError.from(error);
      this._state = 'error';
    }
    this._request = null;
    this.emit();
  }

  private _onResync(): void {
    if (this._state !== 'loading') {
      void this.refresh();
    }
  }

  private _onChanged(_: unknown, changes: readonly Change[]): void {
    const ours = changes.filter(change => change.domain === 'run');
    if (this.busy) {
      this._during.push(...ours);
    }
    if (this._state === 'ready' && ours.map(change => this._apply(change)).some(Boolean)) {
      this.emit();
    }
  }

  private _apply(change: Change): boolean {
    if (change.op === 'deleted') {
      this._whole.forget(change.id);
      return this._remove(change.id);
    }
    const known = this._find(change.id);
    const merged = this._merge(known ? filled(change, known) : (change.item as RunInfo));
    if (change.omitted.length > 0 && this._find(change.id)) {
      this._whole.ask(change);
    } else {
      this._whole.forget(change.id);
    }
    return merged;
  }

  private _find(id: string): RunInfo | undefined {
    return this._items.find(run => run.id === id);
  }

  private _merge(run: RunInfo): boolean {
    const { experiment, deleted = false } = this._query;
    if ((experiment !== undefined && run.experiment_id !== experiment) || run.deleted !== deleted) {
      return this._remove(run.id);
    }
    const index = this._items.findIndex(item => item.id === run.id);
    if (index >= 0) {
      this._items = this._items.with(index, run);
      return true;
    }
    return this._add(run);
  }

  private _add(run: RunInfo): boolean {
    const byCreation = this._query.orderBy === 'created' && this._query.descending === true;
    if (!byCreation || this._query.q) {
      const before = this._fresh.size;
      if (isActive(run)) {
        this._fresh.add(run.id);
      }
      return this._fresh.size > before;
    }
    const at = this._items.findIndex(item => item.created <= run.created);
    if (at < 0 && this.more) {
      return false; // it belongs to a page that was not fetched
    }
    this._items = this._items.toSpliced(at < 0 ? this._items.length : at, 0, run);
    this._total += 1;
    return true;
  }

  private _remove(id: string): boolean {
    const left = this._items.filter(run => run.id !== id);
    const found = left.length < this._items.length;
    if (found) {
      this._items = left;
      this._total -= 1;
    }
    return this._fresh.delete(id) || found;
  }

  private readonly _whole = new Refetch<RunInfo>({
    load: id => getRun(id),
    put: run => this.upsert(run),
    apart: APART,
  });
  private readonly _live: LiveChanges;
  private _query: IRunQuery;
  private _state: ListState = 'loading';
  private _items: RunInfo[] = [];
  private _sample: readonly RunInfo[] = [];
  private _next = '';
  private _total = 0;
  private _fresh = new Set<string>();
  private _request: AbortController | null = null;
  private _during: Change[] = [];
}
