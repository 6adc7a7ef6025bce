import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { Live } from './live';
import { filled, Refetch } from './refetch';
import { ApiError } from './request';
import type { Change } from './schema';

export interface CollectionOptions<T> {
  live: Pick<Live, 'changed' | 'resync'>;
  /** The domain of the changes that concern it: compute, experiment, run, model, endpoint. */
  domain: string;
  /** An item's id, as `Change.id` names it. */
  key: (item: T) => string;
  /** Fetches all items. */
  load: () => Promise<T[]>;
  /** Fetches one; without it, the domain's changes must always be whole. */
  loadOne?: (id: string) => Promise<T>;
  /** Order of `items`; without it, that of the server, and new ones last. */
  compare?: (a: T, b: T) => number;
  /** Which of the domain's items belong here; without it, all. */
  accept?: (item: T) => boolean;
}

export type CollectionState = 'loading' | 'ready' | 'error';

/**
 * A list that is fetched once, when first wanted, and kept true by events from then on.
 *
 * Changes that arrive while it is being fetched are applied on top of the answer, which may have
 * been read before them. An item whose change left fields out is fetched again.
 */
export class Collection<T> implements IDisposable {
  constructor(private readonly _options: CollectionOptions<T>) {
    _options.live.changed.connect(this._onChanges, this);
    _options.live.resync.connect(this._onResync, this);
    const { loadOne } = _options;
    this._whole = loadOne
      ? new Refetch<T>({ load: loadOne, put: item => this.upsert(item) })
      : null;
  }

  /** 'error' only when nothing could be fetched: a failed refresh keeps what is shown. */
  get state(): CollectionState {
    return this._state;
  }

  /** Why the last fetch failed; null after one that did not. */
  get error(): ApiError | null {
    return this._error;
  }

  /** The items in order; the same array until `changed` is emitted. */
  get items(): readonly T[] {
    if (this._sorted === null) {
      const items = [...this._items.values()];
      this._sorted = this._options.compare ? items.sort(this._options.compare) : items;
    }
    return this._sorted;
  }

  /** Emitted when `items`, `state` or `error` changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The item of an id, if it is there. */
  get(id: string): T | undefined {
    return this._items.get(id);
  }

  /** Fetch if that has not been done yet; resolves when `items` can be trusted. Never rejects. */
  ready(): Promise<void> {
    return this._state === 'ready' ? Promise.resolve() : (this._loading ?? this.refresh());
  }

  /** Fetch anew. Never rejects: see `error`. */
  refresh(): Promise<void> {
    const loading = this._fetch(++this._generation).finally(() => {
      if (this._loading === loading) {
        this._loading = null;
      }
    });
    this._loading = loading;
    return loading;
  }

  /**
   * Wait for the server's answer to an action and put it in, ahead of the event that will tell the
   * same. Where an event of the item comes first, the answer may be the older one (the item is
   * deleted already, say) and is only returned.
   */
  async take(answer: Promise<T>): Promise<T> {
    const told = new Set<string>();
    this._told.add(told);
    try {
      const item = await answer;
      if (!told.has(this._options.key(item))) {
        this.upsert(item);
      }
      return item;
    } finally {
      this._told.delete(told);
    }
  }

  /** Put in an item that is known to be the newest. */
  upsert(item: T): void {
    this._put(item);
    this._emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._whole?.dispose();
    Signal.clearData(this);
  }

  private async _fetch(generation: number): Promise<void> {
    this._during = [];
    if (this._state === 'error') {
      this._state = 'loading';
      this._emit();
    }
    try {
      const items = await this._options.load();
      if (this._isDisposed || generation !== this._generation) {
        return;
      }
      this._items = new Map(items.map(item => [this._options.key(item), item]));
      this._during.forEach(change => this._apply(change));
      this._state = 'ready';
      this._error = null;
    } catch (error) {
      if (this._isDisposed || generation !== this._generation) {
        return;
      }
      this._error = ApiError.from(error);
      this._state = this._state === 'ready' ? 'ready' : 'error';
    }
    this._during = null;
    this._emit();
  }

  private _onChanges(_: unknown, changes: readonly Change[]): void {
    const ours = changes.filter(change => change.domain === this._options.domain);
    if (ours.length === 0) {
      return;
    }
    this._during?.push(...ours);
    this._told.forEach(told => ours.forEach(({ id }) => told.add(id)));
    if (this._state === 'ready') {
      ours.forEach(change => this._apply(change));
      this._emit();
    }
  }

  private _onResync(): void {
    if (this._state !== 'loading' || this._loading !== null) {
      void this.refresh();
    }
  }

  private _apply(change: Change): void {
    if (change.op !== 'deleted' && change.omitted.length > 0) {
      const known = this._items.get(change.id);
      if (known) {
        this._put(filled(change, known)); // an unknown one is shown when it is whole
      }
      this._whole?.ask(change);
      return;
    }
    this._whole?.forget(change.id);
    if (change.op === 'deleted' || change.item === null || change.item === undefined) {
      this._items.delete(change.id);
    } else {
      this._put(change.item as T);
    }
  }

  private _put(item: T): void {
    const { accept, key } = this._options;
    if (accept && !accept(item)) {
      this._items.delete(key(item));
    } else {
      this._items.set(key(item), item);
    }
  }

  private _emit(): void {
    this._sorted = null;
    this._changed.emit();
  }

  private readonly _whole: Refetch<T> | null;
  private _items = new Map<string, T>();
  private _sorted: readonly T[] | null = null;
  private _state: CollectionState = 'loading';
  private _error: ApiError | null = null;
  private _loading: Promise<void> | null = null;
  private _during: Change[] | null = null;
  private _generation = 0;
  /** For each action under way, the items that events told of meanwhile. */
  private readonly _told = new Set<Set<string>>();
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
