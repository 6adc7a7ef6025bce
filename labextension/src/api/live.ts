import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ApiError } from './request';
import type { Change, ChangeEvent, Status } from './schema';

/** The schema of our events on Jupyter's event service. */
export const SCHEMA = 'https://modelyard.dev/events/changed';

/** The server breaks a silence after 20 s: this much means that it does not reach us. */
const SILENCE = 50_000;

/** How long to wait between two attempts to reach a server that does not answer. */
const RETRY = 3_000;

/** What a server that is not there, or a proxy in front of it, answers. */
const GONE = [0, 502, 503, 504];

function isGone(error: unknown): boolean {
  return GONE.includes(ApiError.from(error).status);
}

/** The part of the event manager that is used here. */
export type EventStream = Pick<Event.IManager, 'stream'>;

export interface LiveOptions {
  events: EventStream;
  /** Fetches the server's status, whose revision is the baseline of gap detection. */
  loadStatus: () => Promise<Status>;
  /** Emitted when anything in JupyterLab could not reach the server. */
  failed: ISignal<unknown, unknown>;
  /** Milliseconds without an event after which the connection counts as lost. */
  silence?: number;
}

/**
 * What the server tells: changes as they happen, and `resync` when some may have been missed.
 *
 * Events are numbered within a session of the server. A gap in the numbers, or another session,
 * means that lists must be fetched anew.
 */
export class Live implements IDisposable {
  constructor(options: LiveOptions) {
    this._events = options.events;
    this._loadStatus = options.loadStatus;
    this._silence = options.silence ?? SILENCE;
    this._events.stream.connect(this._onEvent, this);
    options.failed.connect(this._onFailure, this);
    void this._ask();
  }

  /** The workspace and its machine; null until the server answered once. */
  get status(): Status | null {
    return this._status;
  }

  /** Why the status could not be fetched, when it could not. */
  get statusError(): unknown {
    return this._statusError;
  }

  /** Emitted when `status` or `statusError` changed. */
  get statusChanged(): ISignal<this, void> {
    return this._statusChanged;
  }

  /** Whether the server answers. */
  get connected(): boolean {
    return this._connected;
  }

  /** Emitted when `connected` changed. */
  get connectedChanged(): ISignal<this, boolean> {
    return this._connectedChanged;
  }

  /** Emitted with the changes of one event. */
  get changed(): ISignal<this, readonly Change[]> {
    return this._changed;
  }

  /** Emitted when changes may have been missed: fetch what you show. */
  get resync(): ISignal<this, void> {
    return this._resync;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Fetch the status again. Never rejects: see `statusError`. */
  async refreshStatus(): Promise<void> {
    if (await this._load()) {
      this._resync.emit();
    }
  }

  /** Fetch everything again: the status, and through `resync` what is shown. */
  async refresh(): Promise<void> {
    this._resync.emit();
    await this._load();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._events.stream.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id !== SCHEMA) {
      return;
    }
    const event = emission as unknown as ChangeEvent;
    this._setConnected(true);
    this._watch();
    const restarted = this._session !== '' && event.session !== this._session;
    const missed = this._compare(event.session, event.revision, event.changes.length > 0);
    if (event.changes.length > 0) {
      this._changed.emit(event.changes);
    }
    if (missed) {
      this._resync.emit();
    }
    const isSystem = event.changes.some(change => change.domain === 'system');
    if (restarted || isSystem || this._statusError !== null) {
      void this.refreshStatus();
    }
  }

  /** Fetch the status; true when it tells of changes that never arrived. */
  private async _load(): Promise<boolean> {
    let missed = false;
    try {
      const status = await this._loadStatus();
      if (this._isDisposed) {
        return false;
      }
      this._status = status;
      this._statusError = null;
      missed = this._compare(status.session, status.revision, false);
    } catch (error) {
      this._statusError = error;
    }
    if (!this._isDisposed) {
      this._statusChanged.emit();
    }
    return missed;
  }

  /** Take note of where the server is; true when changes were missed on the way there. */
  private _compare(session: string, revision: number, isChange: boolean): boolean {
    const first = this._session === '';
    const restarted = !first && session !== this._session;
    const expected = this._revision + (isChange ? 1 : 0);
    // Without a baseline a list may have been fetched before this change and never hear of it.
    const missed = first ? isChange : restarted || revision > expected;
    this._session = session;
    this._revision = restarted || first ? revision : Math.max(revision, this._revision);
    return missed;
  }

  private _setConnected(connected: boolean): void {
    if (connected !== this._connected) {
      this._connected = connected;
      this._connectedChanged.emit(connected);
    }
  }

  /** Somebody's request failed: it may have been that one alone, so ask. */
  private _onFailure(): void {
    if (this._connected && !this._asking) {
      void this._ask();
    }
  }

  private _watch(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._ask(true), this._silence);
  }

  /**
   * Ask whether the server is there, until it is.
   *
   * @param stale what is shown may be: no event came, though the server may answer.
   */
  private async _ask(stale = false): Promise<void> {
    this._asking = true;
    const missed = await this._load();
    this._asking = false;
    if (this._isDisposed) {
      return;
    }
    if (this._statusError !== null && isGone(this._statusError)) {
      this._setConnected(false);
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => void this._ask(), RETRY);
      return;
    }
    if (missed || stale || !this._connected) {
      this._resync.emit();
    }
    this._setConnected(true);
    this._watch();
  }

  private readonly _events: EventStream;
  private readonly _loadStatus: () => Promise<Status>;
  private readonly _silence: number;
  private _timer = 0;
  private _asking = false;
  private _session = '';
  private _revision = 0;
  private _connected = true;
  private _isDisposed = false;
  private _status: Status | null = null;
  private _statusError: unknown = null;
  private readonly _changed = new Signal<this, readonly Change[]>(this);
  private readonly _resync = new Signal<this, void>(this);
  private readonly _statusChanged = new Signal<this, void>(this);
  private readonly _connectedChanged = new Signal<this, boolean>(this);
}
