import type { IStateDB } from '@jupyterlab/statedb';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** Which columns of an experiment's table the user switched on or off; kept across reloads. */
export class ColumnChoice implements IDisposable {
  constructor(
    private readonly _db: IStateDB | null,
    experiment: number,
  ) {
    this._key = `modelyard:columns-${experiment}`;
    void this._load();
  }

  /** By column id; a column that is missing was not touched. */
  get columns(): Readonly<Record<string, boolean>> {
    return this._columns;
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

  set(column: string, shown: boolean): void {
    this._columns = { ...this._columns, [column]: shown };
    this._changed.emit();
    void this._db?.save(this._key, this._columns);
  }

  reset(): void {
    this._columns = {};
    this._changed.emit();
    void this._db?.remove(this._key);
  }

  private async _load(): Promise<void> {
    const saved = (await this._db?.fetch(this._key)) as Record<string, boolean> | undefined;
    if (saved && !this._disposed) {
      // What was switched while this was on its way is newer.
      this._columns = { ...saved, ...this._columns };
      this._changed.emit();
    }
  }

  private readonly _key: string;
  private _columns: Record<string, boolean> = {};
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
