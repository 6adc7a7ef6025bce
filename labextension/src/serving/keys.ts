import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from '../api/request';
import type { RotateKey } from '../api/schema';
import { getKeys, rotateKey } from './api';

/** The two keys of an endpoint; fetched only when somebody wants to see or copy one. */
export class Keys implements IDisposable {
  constructor(readonly endpoint: string) {}

  /** Primary and secondary; null until they are fetched. */
  get keys(): readonly string[] | null {
    return this._keys;
  }

  /** Whether they are shown in the clear. */
  get revealed(): boolean {
    return this._revealed;
  }

  get error(): ApiError | null {
    return this._error;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._keys = null;
    Signal.clearData(this);
  }

  async setRevealed(revealed: boolean): Promise<void> {
    this._revealed = revealed && (await this._fetched());
    this._emit();
  }

  /** One of the keys, to be copied; null when they cannot be had. */
  async get(index: number): Promise<string | null> {
    await this._fetched();
    this._emit();
    return this._keys?.[index] ?? null;
  }

  /** Replace a key; the old one opens nothing from now on. */
  async rotate(key: RotateKey['key']): Promise<void> {
    this._keys = (await rotateKey(this.endpoint, key)).keys;
    this._emit();
  }

  private async _fetched(): Promise<boolean> {
    if (!this._keys) {
      try {
        this._keys = (await getKeys(this.endpoint)).keys;
        this._error = null;
      } catch (error) {
        this._error = ApiError.from(error);
      }
    }
    return this._keys !== null;
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private _keys: readonly string[] | null = null;
  private _revealed = false;
  private _error: ApiError | null = null;
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
