import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { ILive } from '../api/tokens';
import { ISidebar } from '../sidebar/tokens';
import { ITracking } from '../tracking/tokens';
import { modelIcon } from '../ui/icons';
import { Pages } from '../ui/pages';
import { loadTexts } from '../ui/translation';
import { addRegistryCommands } from './commands';
import { RegistryModel } from './model';
import { ModelsSection } from './section';
import { CommandIDs, IRegistry } from './tokens';

const ModelPage = React.lazy(() => import('./page'));

/** Registered models. */
export const registryPlugin: JupyterFrontEndPlugin<IRegistry> = {
  id: '@modelyard/lab:registry',
  description: 'Shows registered models: list, pages, registration.',
  autoStart: true,
  provides: IRegistry,
  requires: [ILive, ISidebar, ITracking, IRenderMimeRegistry],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    tracking: ITracking,
    rendermime: IRenderMimeRegistry,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
  ): IRegistry => {
    const { commands } = app;
    const trans = loadTexts(translator);
    const model = new RegistryModel(live);
    const pages = new Pages({
      app,
      restorer,
      trans,
      kind: 'model',
      command: CommandIDs.open,
      argument: 'name',
      icon: modelIcon,
      title: name => name,
      render: (name, tab) => <ModelPage {...{ model, commands, rendermime, name, tab }} />,
    });
    commands.addCommand(CommandIDs.open, {
      label: trans.__('Open Model'),
      icon: modelIcon,
      execute: args => {
        if (typeof args.version === 'number') {
          model.choose(String(args.name), args.version);
        }
        return pages.open(String(args.name));
      },
    });
    addRegistryCommands({
      app,
      palette,
      model,
      trans,
      currentModel: () => pages.current,
      currentRun: () => tracking.currentRun(),
    });
    sidebar.addSection({
      id: 'models',
      title: trans.__('Models'),
      rank: 30,
      icon: modelIcon,
      Component: () => <ModelsSection model={model} commands={commands} />,
    });
    tracking.addLineage({
      changed: model.models.changed,
      links: run =>
        run.models.map(({ name, version }) => ({
          label: trans.__('Registered as'),
          text: `${name}:${version}`,
          command: CommandIDs.open,
          args: { name, version },
        })),
    });
    return model;
  },
};
