import type { IStateDB } from '@jupyterlab/statedb';

import { Observable } from '../api/observable';

/** Which columns of an experiment's table the user switched on or off; kept across reloads. */
export class ColumnChoice extends Observable {
  constructor(
    private readonly _db: IStateDB | null,
    experiment: number,
  ) {
    super();
    this._key = `modelyard:columns-${experiment}`;
    void this._load();
  }

  /** By column id; a column that is missing was not touched. */
  get columns(): Readonly<Record<string, boolean>> {
    return this._columns;
  }

  set(column: string, shown: boolean): void {
    this._columns = { ...this._columns, [column]: shown };
    this.emit();
    void this._db?.save(this._key, this._columns);
  }

  reset(): void {
    this._columns = {};
    this.emit();
    void this._db?.remove(this._key);
  }

  private async _load(): Promise<void> {
    const saved = (await this._db?.fetch(this._key)) as Record<string, boolean> | undefined;
    if (saved && !this.isDisposed) {
      // What was switched while this was on its way is newer.
      this._columns = { ...saved, ...this._columns };
      this.emit();
    }
  }

  private readonly _key: string;
  private _columns: Record<string, boolean> = {};
}
