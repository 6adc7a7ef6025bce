import { Remote } from '../api/observable';
import { ApiError } from '../api/request';
import type { StorageCleaned, StorageFreed, StorageKind } from '../api/schema';
import { listRemovable, removeKinds } from './api';

/** Nobody can make them again: they go only when they are chosen. */
const ASKED_FOR: readonly StorageKind[] = ['deleted_runs', 'orphans'];

export interface CleaningOptions {
  kinds: readonly StorageKind[];
  list?: (kinds: readonly StorageKind[]) => Promise<StorageCleaned>;
  remove?: (kinds: readonly StorageKind[]) => Promise<StorageCleaned>;
}

/** What can go, what of it was chosen, and its removal. */
export class Cleaning extends Remote {
  constructor(private readonly _options: CleaningOptions) {
    super();
    void this.load();
  }

  /** What can go, kind by kind, the largest first; null until the server has listed it. */
  get found(): readonly StorageFreed[] | null {
    return this._found;
  }

  /** What went; null before. */
  get done(): StorageCleaned | null {
    return this._done;
  }

  /** Whether it is being removed at this moment. */
  get busy(): boolean {
    return this._busy;
  }

  /** Bytes of what is chosen. */
  get bytes(): number {
    return this._chosenParts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** Whether there is anything to remove. */
  get ready(): boolean {
    return this._chosenParts.length > 0 && !this._busy && this._done === null;
  }

  isChosen(kind: StorageKind): boolean {
    return this._chosen.has(kind);
  }

  choose(kind: StorageKind, chosen: boolean): void {
    if (chosen) {
      this._chosen.add(kind);
    } else {
      this._chosen.delete(kind);
    }
    this.emit();
  }

  /** Ask what can go. Never rejects. */
  async load(): Promise<void> {
    this._found = null;
    this._error = null;
    this.emit();
    try {
      const { freed } = await (this._options.list ?? listRemovable)(this._options.kinds);
      this._found = freed.filter(part => part.count > 0).sort((a, b) => b.bytes - a.bytes);
      const only = this._options.kinds.length === 1;
      this._chosen = new Set(
        this._found.map(part => part.kind).filter(kind => only || !ASKED_FOR.includes(kind)),
      );
    } catch (error) {
      this._error = ApiError.from(error);
    }
    this.emit();
  }

  /** Remove what is chosen; false when that failed, and `error` says why. Never rejects. */
  async submit(): Promise<boolean> {
    if (!this.ready) {
      return false;
    }
    this._busy = true;
    this._error = null;
    this.emit();
    try {
      const kinds = this._chosenParts.map(part => part.kind);
      this._done = await (this._options.remove ?? removeKinds)(kinds);
    } catch (error) {
      this._error = ApiError.from(error);
    }
    this._busy = false;
    this.emit();
    return this._done !== null;
  }

  private get _chosenParts(): readonly StorageFreed[] {
    return (this._found ?? []).filter(part => this._chosen.has(part.kind));
  }

  private _found: readonly StorageFreed[] | null = null;
  private _chosen = new Set<StorageKind>();
  private _done: StorageCleaned | null = null;
  private _busy = false;
}

/** Things that were to go and stayed; a kind of which nothing could be looked at is one. */
export function keptOf(done: StorageCleaned): StorageFreed['kept'] {
  return done.freed.flatMap(({ kept, problem, title }) =>
    problem ? [{ name: title, why: problem, bytes: 0, used: null }, ...kept] : kept,
  );
}
