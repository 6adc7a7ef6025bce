import type { IDisposable } from '@lumino/disposable';

import type { Change } from './schema';

/** Milliseconds between an answer and the next request. */
const APART = 500;

export interface RefetchOptions<T> {
  /** Fetches one object. */
  load: (id: string) => Promise<T>;
  /** Takes the object. */
  put: (item: T) => void;
  /** Milliseconds between an answer and the next request. */
  apart?: number;
}

/** The object of a change that left fields out, with those that were known before. */
export function filled<T>(change: Change, known: T): T {
  const kept = change.omitted.map(field => [field, known[field as keyof T]]);
  return { ...(change.item as T), ...Object.fromEntries(kept) };
}

/**
 * Fetches the objects whose changes left fields out: one request at a time, however often and of
 * however many objects the server tells meanwhile.
 */
export class Refetch<T> implements IDisposable {
  constructor(private readonly _options: RefetchOptions<T>) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._asked.clear();
  }

  /** Fetch the object of this change, which says the newest of it. */
  ask(change: Change): void {
    this._asked.set(change.id, change);
    if (!this._isBusy) {
      void this._run();
    }
  }

  /** Do not fetch it, nor take an answer that is on its way: something newer is known. */
  forget(id: string): void {
    this._asked.delete(id);
    if (this._under === id) {
      this._under = null;
    }
  }

  private async _run(): Promise<void> {
    this._isBusy = true;
    for (let id = this._next(); id !== null; id = this._next()) {
      await this._fetch(id);
      await new Promise(done => setTimeout(done, this._options.apart ?? APART));
    }
    this._isBusy = false;
  }

  private _next(): string | null {
    const [id = null] = this._asked.keys();
    return id;
  }

  private async _fetch(id: string): Promise<void> {
    this._asked.delete(id);
    this._under = id;
    try {
      const item = await this._options.load(id);
      if (this._under === id && !this._isDisposed) {
        // Read before what was told meanwhile: that is right where the two differ.
        const newer = this._asked.get(id);
        this._options.put(newer ? filled(newer, item) : item);
      }
    } catch {
      // A server that does not answer brings a resync, an object that is gone a change of its own.
    }
    this._under = null;
  }

  private readonly _asked = new Map<string, Change>();
  private _under: string | null = null;
  private _isBusy = false;
  private _isDisposed = false;
}
