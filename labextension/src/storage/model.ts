import type { Live } from '../api/live';
import { Remote } from '../api/observable';
import { ApiError } from '../api/request';
import type { Change, StoragePart, StorageUsage } from '../api/schema';
import { getUsage } from './api';

export interface StorageOptions {
  live: Pick<Live, 'changed' | 'resync'>;
  load?: (refresh: boolean) => Promise<StorageUsage>;
}

/**
 * What takes how much of the disk. It is measured when somebody looks for the first time; from
 * then on the server tells how far a measurement is, and what it found.
 */
export class StorageModel extends Remote {
  constructor(private readonly _options: StorageOptions) {
    super();
    _options.live.changed.connect(this._onChanged, this);
    _options.live.resync.connect(this._onResync, this);
  }

  /** Null until the server answered once. */
  get usage(): StorageUsage | null {
    return this._usage;
  }

  /** Ask, if nobody has. Never rejects. */
  async ready(): Promise<void> {
    this._asked ??= this._load(false);
    await this._asked;
  }

  /** Have everything measured anew; `error` tells why that failed. Never rejects. */
  refresh(): Promise<void> {
    this._asked = this._load(true);
    return this._asked;
  }

  private async _load(refresh: boolean): Promise<void> {
    const round = ++this._round;
    try {
      const usage = await (this._options.load ?? getUsage)(refresh);
      // What the server told meanwhile is newer than this answer.
      this._usage = round === this._round ? usage : (this._usage ?? usage);
      this._error = null;
    } catch (error) {
      this._error = ApiError.from(error);
    }
    this.emit();
  }

  private _onChanged(_: unknown, changes: readonly Change[]): void {
    const last = changes.filter(change => change.domain === 'storage').at(-1);
    if (last && this._asked) {
      this._round += 1;
      this._usage = last.item as StorageUsage;
      this._error = null;
      this.emit();
    }
  }

  private _onResync(): void {
    if (this._asked) {
      this._asked = this._load(false);
    }
  }

  private _usage: StorageUsage | null = null;
  private _asked: Promise<void> | null = null;
  private _round = 0;
}

/** The largest first. */
export function bySize(parts: readonly StoragePart[]): StoragePart[] {
  return [...parts].sort((a, b) => b.bytes - a.bytes);
}

/** Bytes of all parts. */
export function totalOf(parts: readonly StoragePart[]): number {
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}

/** Bytes that can go. */
export function canGo(parts: readonly StoragePart[]): number {
  return parts.reduce((sum, part) => sum + part.can_go, 0);
}

/** '1 run', '2 runs': what is counted of a part. */
export function counted(part: StoragePart): string {
  const [one, many] = part.unit.split('/');
  return `${part.count.toLocaleString()} ${part.count === 1 ? one : many}`;
}
