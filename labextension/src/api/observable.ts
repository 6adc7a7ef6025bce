import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { ApiError } from './request';

/** What views watch: it tells of its changes until it is disposed of. */
export class Observable implements IDisposable {
  /** Emitted when something that it shows changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Neither tell nor hear anything from now on. */
  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  protected emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** An `Observable` that asks the server, and knows why the last request failed. */
export class Remote extends Observable {
  /** Null after a request that did not fail. */
  get error(): ApiError | null {
    return this._error;
  }

  protected _error: ApiError | null = null;
}
