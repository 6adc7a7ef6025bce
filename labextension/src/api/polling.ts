import { DisposableDelegate, IDisposable } from '@lumino/disposable';

export interface PollingOptions {
  /** Asks the server; never rejects. */
  ask: () => Promise<void>;
  /** Milliseconds between an answer and the next question. */
  every: number;
  /** Whether there is something to ask for after an answer; without it, always. */
  goesOn?: () => boolean;
}

/** Asks again and again what no event tells of, but only while somebody looks. */
export class Polling implements IDisposable {
  constructor(private readonly _options: PollingOptions) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
  }

  /** Ask at once, and on until the answer is disposed of. */
  watch(): IDisposable {
    this._watchers += 1;
    if (this._watchers === 1) {
      void this._loop();
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
      if (this._watchers === 0) {
        window.clearTimeout(this._timer);
      }
    });
  }

  private async _loop(): Promise<void> {
    const { ask, every, goesOn } = this._options;
    await ask();
    // Somebody who looked away and back while this waited has begun a second loop.
    window.clearTimeout(this._timer);
    if (this._watchers > 0 && !this._isDisposed && (goesOn?.() ?? true)) {
      this._timer = window.setTimeout(() => void this._loop(), every);
    }
  }

  private _watchers = 0;
  private _timer = 0;
  private _isDisposed = false;
}
