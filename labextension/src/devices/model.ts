import type { IDisposable } from '@lumino/disposable';

import type { Live } from '../api/live';
import { Remote } from '../api/observable';
import { Polling } from '../api/polling';
import { ApiError } from '../api/request';
import type { Device, DeviceHolder, DeviceProcess } from '../api/schema';
import { listDevices } from './api';

/** Milliseconds between an answer and the next question, while somebody looks. */
const EVERY = 4_000;

export interface DevicesOptions {
  live: Pick<Live, 'resync' | 'status'>;
  load?: () => Promise<Device[]>;
  every?: number;
}

/**
 * The machine's devices. What they do changes all the time and nobody tells of it: they are asked
 * for again and again, but only while somebody looks.
 */
export class DevicesModel extends Remote {
  constructor(private readonly _options: DevicesOptions) {
    super();
    this._polling = new Polling({
      ask: () => this.refresh(),
      every: _options.every ?? EVERY,
    });
    _options.live.resync.connect(this._onResync, this);
  }

  /** Null until the server answered once. */
  get devices(): readonly Device[] | null {
    return this._devices;
  }

  /** Ask once, if nobody has. Never rejects. */
  async ready(): Promise<void> {
    if (this._devices === null) {
      await this.refresh();
    }
  }

  /** Ask again; `error` tells why that failed. Never rejects. */
  refresh(): Promise<void> {
    this._loading ??= this._load().finally(() => (this._loading = null));
    return this._loading;
  }

  /** Keep them true until the answer is disposed of. */
  watch(): IDisposable {
    return this._polling.watch();
  }

  /** Whether the holder is an object of this workspace: others cannot be opened here. */
  isOurs(holder: DeviceHolder): boolean {
    return holder.workspace === this._options.live.status?.workspace_id;
  }

  override dispose(): void {
    this._polling.dispose();
    super.dispose();
  }

  private async _load(): Promise<void> {
    try {
      this._devices = await (this._options.load ?? listDevices)();
      this._error = null;
    } catch (error) {
      this._error = ApiError.from(error);
    }
    this.emit();
  }

  private _onResync(): void {
    if (this._devices !== null || this._error !== null) {
      void this.refresh();
    }
  }

  private _devices: readonly Device[] | null = null;
  private _loading: Promise<void> | null = null;
  private readonly _polling: Polling;
}

/** What people call it: 'GPU 0', or a configured device's id. */
export function deviceLabel(device: Device): string {
  return device.kind === 'nvidia' ? `GPU ${device.index}` : device.id;
}

/** Whether all are GPUs that their driver tells of. */
export function areGpus(devices: readonly Device[]): boolean {
  return devices.every(({ kind }) => kind === 'nvidia');
}

/** Whether an object may still have it for itself, and who uses it if not. */
export function usageOf(device: Device): 'free' | 'held' | 'shared' | 'in use' {
  const { holders, processes } = device;
  if (holders.length > 0) {
    return holders.every(({ shared }) => shared) ? 'shared' : 'held';
  }
  return processes.length > 0 ? 'in use' : 'free';
}

/** Programs on a device that nobody holds: they were started outside of Modelyard. */
export function strangers(device: Device): readonly DeviceProcess[] {
  return device.holders.length === 0 ? device.processes : [];
}
