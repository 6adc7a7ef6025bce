import { Remote } from '../api/observable';
import { ApiError } from '../api/request';
import type { Change } from '../api/schema';
import { getLog } from './api';
import type { LiveChanges } from './tokens';

/** Characters kept in the browser; the whole log can be downloaded. */
const MOST_KEPT = 1_000_000;

/** The log of one run: read by offset, continued whenever the run reports a change. */
export class LogTail extends Remote {
  constructor(
    live: LiveChanges,
    readonly id: string,
  ) {
    super();
    live.changed.connect(this._onChanged, this);
    live.resync.connect(this._onResync, this);
  }

  get text(): string {
    return this._text;
  }

  /** The beginning is not shown any more. */
  get truncated(): boolean {
    return this._truncated;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  /** Nothing more will come. */
  get ended(): boolean {
    return this._ended;
  }

  /** Read what is there; a call while one is under way makes that one look again. */
  async read(): Promise<void> {
    this._again = true;
    if (this._reading) {
      return;
    }
    this._reading = true;
    while (this._again && !this.isDisposed) {
      this._again = false;
      try {
        this._again = (await this._piece()) || this._again;
      } catch (error) {
        this._error = ApiError.from(error);
      }
      this._loaded = true;
      this.emit();
    }
    this._reading = false;
  }

  private async _piece(): Promise<boolean> {
    const piece = await getLog(this.id, this._offset);
    const moved = piece.offset > this._offset;
    this._offset = piece.offset;
    this._ended = piece.ended;
    this._error = null;
    this._text += piece.text;
    if (this._text.length > MOST_KEPT) {
      const cut = this._text.indexOf('\n', this._text.length - MOST_KEPT);
      this._text = this._text.slice(cut < 0 ? this._text.length - MOST_KEPT : cut + 1);
      this._truncated = true;
    }
    return moved && piece.text.length > 0;
  }

  private _onChanged(_: unknown, changes: readonly Change[]): void {
    if (this._loaded && changes.some(each => each.domain === 'run' && each.id === this.id)) {
      void this.read();
    }
  }

  private _onResync(): void {
    if (this._loaded) {
      void this.read();
    }
  }

  private _text = '';
  private _truncated = false;
  private _loaded = false;
  private _ended = false;
  private _offset = 0;
  private _again = false;
  private _reading = false;
}
