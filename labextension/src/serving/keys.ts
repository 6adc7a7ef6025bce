import { Remote } from '../api/observable';
import { ApiError } from '../api/request';
import type { RotateKey } from '../api/schema';
import { getKeys, rotateKey } from './api';

/** The two keys of an endpoint; fetched only when somebody wants to see or copy one. */
export class Keys extends Remote {
  constructor(readonly endpoint: string) {
    super();
  }

  /** Primary and secondary; null until they are fetched. */
  get keys(): readonly string[] | null {
    return this._keys;
  }

  /** Whether they are shown in the clear. */
  get revealed(): boolean {
    return this._revealed;
  }

  override dispose(): void {
    this._keys = null;
    super.dispose();
  }

  async setRevealed(revealed: boolean): Promise<void> {
    this._revealed = revealed && (await this._fetched());
    this.emit();
  }

  /** One of the keys, to be copied; null when they cannot be had. */
  async get(index: number): Promise<string | null> {
    await this._fetched();
    this.emit();
    return this._keys?.[index] ?? null;
  }

  /** Replace a key; the old one opens nothing from now on. */
  async rotate(key: RotateKey['key']): Promise<void> {
    this._keys = (await rotateKey(this.endpoint, key)).keys;
    this.emit();
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

  private _keys: readonly string[] | null = null;
  private _revealed = false;
}
