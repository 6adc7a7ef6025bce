import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { ILive } from '../api/tokens';
import { ISidebar } from '../sidebar/tokens';
import { experimentIcon, runIcon } from '../ui/icons';
import { Pages } from '../ui/pages';
import { loadTexts } from '../ui/translation';
import { addTrackingCommands } from './commands';
import { TrackingModel } from './model';
import { ExperimentsSection } from './section';
import { CommandIDs, ITracking } from './tokens';

// Fetched when the first page of the kind is opened: JupyterLab starts without them.
const ExperimentPage = React.lazy(() => import('./experimentPage'));
const RunPage = React.lazy(() => import('./runPage'));
const ComparePage = React.lazy(() => import('./comparePage'));

/** Experiments and runs. */
export const trackingPlugin: JupyterFrontEndPlugin<ITracking> = {
  id: '@modelyard/lab:tracking',
  description: 'Shows experiments and runs: lists, pages, comparison.',
  autoStart: true,
  provides: ITracking,
  requires: [ILive, ISidebar, IRenderMimeRegistry],
  optional: [ILayoutRestorer, ICommandPalette, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    rendermime: IRenderMimeRegistry,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    state: IStateDB | null,
    translator: ITranslator | null,
  ): ITracking => {
    const { commands } = app;
    const trans = loadTexts(translator);
    const model = new TrackingModel(live);
    const parts = { model, commands, rendermime, state };
    const shared = { app, restorer, trans };
    const experiments = new Pages({
      ...shared,
      kind: 'experiment',
      command: CommandIDs.openExperiment,
      argument: 'id',
      icon: experimentIcon,
      title: id => model.experiments.get(id)?.name ?? trans.__('Experiment'),
      render: (id, tab) => <ExperimentPage {...parts} id={Number(id)} tab={tab} />,
    });
    const runs = new Pages({
      ...shared,
      kind: 'run',
      command: CommandIDs.openRun,
      argument: 'id',
      icon: runIcon,
      title: () => trans.__('Run'),
      render: (id, tab) => <RunPage {...parts} id={id} tab={tab} />,
    });
    const comparisons = new Pages({
      ...shared,
      kind: 'comparison',
      command: CommandIDs.compareRuns,
      argument: 'ids',
      icon: experimentIcon,
      title: () => trans.__('Compare runs'),
      render: ids => <ComparePage {...parts} ids={ids.split(',')} />,
    });
    addTrackingCommands({
      app,
      palette,
      model,
      trans,
      currentExperiment: () => experiments.current,
      currentRun: () => runs.current,
    });
    commands.addCommand(CommandIDs.openExperiment, {
      label: trans.__('Open Experiment'),
      icon: experimentIcon,
      execute: args => experiments.open(String(args.id)),
    });
    commands.addCommand(CommandIDs.openRun, {
      label: trans.__('Open Run'),
      icon: runIcon,
      execute: args => runs.open(String(args.id)),
    });
    commands.addCommand(CommandIDs.compareRuns, {
      label: trans.__('Compare Runs'),
      // A list from the table, a text from the restored layout.
      execute: args => comparisons.open(String(args.ids)),
    });
    sidebar.addSection({
      id: 'experiments',
      title: trans.__('Experiments'),
      rank: 20,
      icon: experimentIcon,
      Component: () => <ExperimentsSection model={model} commands={commands} />,
    });
    return {
      addLineage: provider => model.addLineage(provider),
      currentRun: () => runs.current,
    };
  },
};
