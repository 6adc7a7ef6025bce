import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { StorageKind } from '../api/schema';
import { ILive } from '../api/tokens';
import { ISidebar } from '../sidebar/tokens';
import { Pages } from '../ui/pages';
import { loadTexts } from '../ui/translation';
import { cleanDialog } from './clean';
import { Cleaning } from './cleaning';
import { storageIcon } from './icons';
import { StorageModel } from './model';
import { CommandIDs } from './tokens';

const CATEGORY = 'Modelyard';
const ONLY = 'workspace';

const StoragePage = React.lazy(() => import('./page'));

/** What takes the disk: a page, and a dialog that frees some. */
export const storagePlugin: JupyterFrontEndPlugin<void> = {
  id: '@modelyard/lab:storage',
  description: 'Shows what takes how much of the disk, and removes what can go.',
  autoStart: true,
  requires: [ILive, ISidebar],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
  ): void => {
    const { commands } = app;
    const trans = loadTexts(translator);
    const model = new StorageModel({ live });
    const pages = new Pages({
      app,
      restorer,
      trans,
      kind: 'storage',
      command: CommandIDs.open,
      argument: 'id',
      icon: storageIcon,
      title: () => trans.__('Storage'),
      render: () => <StoragePage model={model} commands={commands} />,
    });
    commands.addCommand(CommandIDs.open, {
      label: trans.__('Storage'),
      caption: trans.__('Show what takes how much of the disk'),
      icon: storageIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => pages.open(ONLY),
    });
    commands.addCommand(CommandIDs.clean, {
      label: trans.__('Clean Up Storage…'),
      caption: trans.__('Show what can go, and remove what is chosen'),
      icon: storageIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: { kinds: { type: 'array', items: { type: 'string' } } },
        },
      },
      execute: async args => {
        await model.ready();
        const all = (model.usage?.parts ?? []).filter(part => part.cleans).map(part => part.kind);
        const kinds = (args.kinds as StorageKind[] | undefined) ?? all;
        await cleanDialog(new Cleaning({ kinds }), model, trans);
      },
    });
    Object.values(CommandIDs).forEach(command => palette?.addItem({ command, category: CATEGORY }));
    sidebar.addAction({
      label: trans.__('Storage'),
      rank: 10,
      icon: storageIcon,
      run: () => void commands.execute(CommandIDs.open),
    });
  },
};
