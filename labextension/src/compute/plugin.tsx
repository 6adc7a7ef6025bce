import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ILive } from '../api/tokens';
import { IDevices } from '../devices/tokens';
import { ISidebar } from '../sidebar/tokens';
import { computeIcon } from '../ui/icons';
import { addObjectCommand, textArgument } from '../ui/objectcommands';
import { Pages } from '../ui/pages';
import { loadTexts } from '../ui/translation';
import { addComputeCommands } from './commands';
import { ComputeModel } from './model';
import { RunningInstances } from './running';
import { ComputeSection } from './section';
import { KernelspecRefresher } from './kernelspecs';
import { StatusItem } from './statusitem';
import { CommandIDs, ICompute } from './tokens';

const InstancePage = React.lazy(() => import('./page'));

/** Compute instances: their commands, their section and their pages. */
const computePlugin: JupyterFrontEndPlugin<ICompute> = {
  id: '@modelyard/lab:compute',
  description: 'Compute instances: a section in the Modelyard panel, a page each, commands.',
  autoStart: true,
  requires: [ILive, ISidebar],
  optional: [IDevices, ILayoutRestorer, ICommandPalette, ITranslator],
  provides: ICompute,
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    devices: IDevices | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
  ): ICompute => {
    const trans = loadTexts(translator);
    const model = new ComputeModel(live);
    const { commands, serviceManager } = app;
    const pages = new Pages({
      app,
      restorer,
      trans,
      kind: 'instance',
      command: CommandIDs.open,
      argument: 'name',
      icon: computeIcon,
      title: name => name,
      render: (name, tab) => (
        <InstancePage
          name={name}
          tab={tab}
          model={model}
          devices={devices}
          commands={commands}
          sessions={serviceManager.sessions}
        />
      ),
    });
    addObjectCommand(
      { app, palette },
      {
        id: CommandIDs.open,
        label: trans.__('Open Compute Instance'),
        icon: computeIcon,
        kind: 'instance',
        rank: 10,
        fromArgs: textArgument('name'),
        current: () => pages.current,
        run: async name => pages.open(name),
      },
    );
    addComputeCommands({ app, model, palette, trans, current: () => pages.current });
    const update = (): void =>
      Object.values(CommandIDs).forEach(command => commands.notifyCommandChanged(command));
    model.instances.changed.connect(update);
    live.statusChanged.connect(update);
    devices?.addHolders('instance', name => void commands.execute(CommandIDs.open, { name }));
    sidebar.addSection({
      id: 'compute',
      title: trans.__('Compute'),
      rank: 10,
      icon: computeIcon,
      Component: () => <ComputeSection model={model} commands={commands} />,
    });
    return model;
  },
};

/** Makes an instance's kernel appear in the launcher as soon as the instance runs. */
const kernelspecPlugin: JupyterFrontEndPlugin<void> = {
  id: '@modelyard/lab:kernelspecs',
  description: 'Keeps the list of kernels true while compute instances come and go.',
  autoStart: true,
  requires: [ICompute],
  activate: (app: JupyterFrontEnd, compute: ICompute): void => {
    new KernelspecRefresher(compute.instances, app.serviceManager.kernelspecs);
    void compute.instances.ready();
  },
};

/** Running instances among JupyterLab's "Running Terminals and Kernels". */
const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: '@modelyard/lab:running',
  description: 'Lists running compute instances among the running sessions.',
  autoStart: true,
  requires: [ICompute, IRunningSessionManagers],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    running: IRunningSessionManagers,
    translator: ITranslator | null,
  ): void => {
    running.add(new RunningInstances(compute, app.commands, loadTexts(translator)));
  },
};

/** The engine and the running instances in the status bar. */
const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: '@modelyard/lab:status',
  description: 'Shows what instances run on, and how many run, in the status bar.',
  autoStart: true,
  requires: [ICompute, IStatusBar],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    statusBar: IStatusBar,
    translator: ITranslator | null,
  ): void => {
    const trans = loadTexts(translator);
    const open = (): void => void app.commands.execute('modelyard:open');
    const item = ReactWidget.create(<StatusItem compute={compute} trans={trans} open={open} />);
    statusBar.registerStatusItem('@modelyard/lab:status', { item, align: 'left', rank: 20 });
  },
};

/** All that makes compute instances a part of JupyterLab. */
export const computePlugins = [computePlugin, kernelspecPlugin, runningPlugin, statusPlugin];
