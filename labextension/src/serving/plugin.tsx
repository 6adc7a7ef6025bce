import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { ILive } from '../api/tokens';
import { IDevices } from '../devices/tokens';
import { IRegistry } from '../registry/tokens';
import { ISidebar } from '../sidebar/tokens';
import { ITracking } from '../tracking/tokens';
import { endpointIcon } from '../ui/icons';
import { Pages } from '../ui/pages';
import { loadTexts } from '../ui/translation';
import { addServingCommands } from './commands';
import { endpointsServing, ServingModel } from './model';
import { EndpointsSection } from './section';
import { CommandIDs, IServing } from './tokens';

const EndpointPage = React.lazy(() => import('./page'));

/** Endpoints. */
export const servingPlugin: JupyterFrontEndPlugin<IServing> = {
  id: '@modelyard/lab:serving',
  description: 'Shows endpoints: list, pages, deployment.',
  autoStart: true,
  provides: IServing,
  requires: [ILive, ISidebar, ITracking, IRegistry],
  optional: [IDevices, ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    tracking: ITracking,
    registry: IRegistry,
    devices: IDevices | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
  ): IServing => {
    const { commands } = app;
    const { models } = registry;
    const trans = loadTexts(translator);
    const model = new ServingModel(live);
    const pages = new Pages({
      app,
      restorer,
      trans,
      kind: 'endpoint',
      command: CommandIDs.open,
      argument: 'name',
      icon: endpointIcon,
      title: name => name,
      render: (name, tab) => <EndpointPage {...{ model, models, commands, name, tab }} />,
    });
    commands.addCommand(CommandIDs.open, {
      label: trans.__('Open Endpoint'),
      icon: endpointIcon,
      execute: args => pages.open(String(args.name)),
    });
    addServingCommands({ app, palette, model, models, trans, current: () => pages.current });
    devices?.addHolders('scoring', name => void commands.execute(CommandIDs.open, { name }));
    sidebar.addSection({
      id: 'endpoints',
      title: trans.__('Endpoints'),
      rank: 40,
      icon: endpointIcon,
      Component: () => <EndpointsSection model={model} commands={commands} />,
    });
    tracking.addLineage({
      changed: model.endpoints.changed,
      links: run =>
        endpointsServing(model.endpoints.items, run.models).map(({ name }) => ({
          label: trans.__('Served by'),
          text: name,
          command: CommandIDs.open,
          args: { name },
        })),
    });
    return model;
  },
};
