import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';
import { DisposableDelegate } from '@lumino/disposable';
import * as React from 'react';

import type { DeviceHolder } from '../api/schema';
import { ILive } from '../api/tokens';
import { ISidebar } from '../sidebar/tokens';
import { loadTexts } from '../ui/translation';
import { deviceIcon } from './icons';
import { DevicesModel } from './model';
import { DevicesSection, HeldPanel } from './section';
import { IDevices } from './tokens';

/** GPUs and other devices of the machine: a section in the panel, a panel on holders' pages. */
export const devicesPlugin: JupyterFrontEndPlugin<IDevices> = {
  id: '@modelyard/lab:devices',
  description: 'Shows the GPUs of the machine, how full and busy they are, and who holds them.',
  autoStart: true,
  requires: [ILive, ISidebar],
  optional: [ITranslator],
  provides: IDevices,
  activate: (
    _app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    translator: ITranslator | null,
  ): IDevices => {
    const trans = loadTexts(translator);
    const model = new DevicesModel({ live });
    const openers = new Map<string, (name: string) => void>();
    const opener = (holder: DeviceHolder): (() => void) | null => {
      const open = openers.get(holder.kind);
      return open && model.isOurs(holder) ? () => open(holder.name) : null;
    };
    sidebar.addSection({
      id: 'devices',
      title: trans.__('Devices'),
      rank: 15,
      icon: deviceIcon,
      Component: () => <DevicesSection model={model} opener={opener} />,
    });
    return {
      Held: props => <HeldPanel {...props} model={model} opener={opener} />,
      addHolders: (kind, open) => {
        openers.set(kind, open);
        return new DisposableDelegate(() => openers.delete(kind));
      },
    };
  },
};
