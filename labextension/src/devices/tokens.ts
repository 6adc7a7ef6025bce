import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type * as React from 'react';

/** An object of this workspace that may hold devices. */
export interface HolderRef {
  /** As `DeviceHolder.kind`: instance, scoring. */
  kind: string;
  name: string;
}

/** The devices of the machine, for the domains whose objects hold some. */
export interface IDevices {
  /** A panel with the devices that the object holds, live; nothing while it holds none. */
  readonly Held: React.ComponentType<HolderRef>;

  /** Say how holders of a kind are opened; dispose of the answer to take it back. */
  addHolders(kind: string, open: (name: string) => void): IDisposable;
}

export const IDevices = new Token<IDevices>(
  '@modelyard/lab:IDevices',
  'The devices of the machine: other extensions show which of them their objects hold.',
);
