import type { TranslationBundle } from '@jupyterlab/translation';
import { editIcon, undoIcon } from '@jupyterlab/ui-components';

import type { ExperimentInfo } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { formDialog } from '../ui/formdialog';
import { plural } from '../ui/format';
import { experimentIcon, trashIcon } from '../ui/icons';
import { notifySuccess } from '../ui/notify';
import { addObjectCommand, CommandHost, textArgument } from '../ui/objectcommands';
import * as api from './api';
import { isActive } from './columns';
import type { TrackingModel } from './model';
import { CommandIDs } from './tokens';

/** What the commands act on. */
export interface ITrackingParts extends CommandHost {
  model: TrackingModel;
  trans: TranslationBundle;
  /** Ids of the experiment and the run whose page is in front. */
  currentExperiment: () => string | null;
  currentRun: () => string | null;
}

/** Add the commands that change experiments and runs. Those that open pages are the plugin's. */
export function addTrackingCommands(parts: ITrackingParts): void {
  const { app, palette, model, trans, currentExperiment, currentRun } = parts;
  const { commands } = app;
  commands.addCommand(CommandIDs.createExperiment, {
    label: trans.__('New Experiment…'),
    icon: experimentIcon,
    execute: async () => {
      const created = await createExperiment(model, trans);
      if (created) {
        await commands.execute(CommandIDs.openExperiment, { id: created.id });
      }
    },
  });
  palette?.addItem({ command: CommandIDs.createExperiment, category: 'Modelyard' });
  const experiment = { kind: 'experiment', fromArgs: textArgument('id') };
  addObjectCommand(parts, {
    ...experiment,
    id: CommandIDs.renameExperiment,
    label: trans.__('Rename Experiment…'),
    icon: editIcon,
    rank: 10,
    current: currentExperiment,
    run: id => rename(Number(id), model, trans),
  });
  addObjectCommand(parts, {
    ...experiment,
    id: CommandIDs.deleteExperiment,
    label: trans.__('Delete Experiment'),
    icon: trashIcon,
    rank: 20,
    current: currentExperiment,
    run: id => deleteExperiment(Number(id), model, trans),
  });
  addObjectCommand(parts, {
    kind: 'deleted-experiment',
    fromArgs: textArgument('id'),
    id: CommandIDs.restoreExperiment,
    label: trans.__('Restore Experiment'),
    icon: undoIcon,
    rank: 30,
    run: id => model.restoreExperiment(Number(id)),
  });
  addObjectCommand(parts, {
    kind: 'run',
    id: CommandIDs.deleteRun,
    label: trans.__('Delete Run'),
    icon: trashIcon,
    rank: 20,
    current: currentRun,
    fromArgs: args => (Array.isArray(args.ids) ? args.ids.join() : textArgument('id')(args)),
    run: ids => deleteRuns(ids.split(','), model, trans),
  });
  addObjectCommand(parts, {
    kind: 'deleted-run',
    id: CommandIDs.restoreRun,
    label: trans.__('Restore Run'),
    icon: undoIcon,
    rank: 30,
    fromArgs: textArgument('id'),
    run: id => model.restoreRun(id),
  });
}

/** What is wrong with an experiment's name; empty when it can be used. */
export function experimentNameProblem(name: string, trans: TranslationBundle): string {
  const length = name.trim().length;
  return length >= 1 && length <= 200
    ? ''
    : trans.__('An experiment has a name of 1 to 200 letters.');
}

function createExperiment(
  model: TrackingModel,
  trans: TranslationBundle,
): Promise<ExperimentInfo | null> {
  return formDialog({
    title: trans.__('New experiment'),
    fields: [{ name: 'name', label: trans.__('Name'), kind: 'text' }],
    initial: { name: '' },
    action: trans.__('Create'),
    validate: values => ({ name: experimentNameProblem(String(values.name), trans) }),
    submit: values => model.create(String(values.name).trim()),
  });
}

async function rename(id: number, model: TrackingModel, trans: TranslationBundle): Promise<void> {
  const experiment = await api.getExperiment(id);
  await formDialog({
    title: trans.__('Rename experiment'),
    fields: [{ name: 'name', label: trans.__('Name'), kind: 'text' }],
    initial: { name: experiment.name },
    action: trans.__('Rename'),
    validate: values => ({ name: experimentNameProblem(String(values.name), trans) }),
    submit: values => model.rename(id, String(values.name).trim()),
  });
}

async function deleteExperiment(
  id: number,
  model: TrackingModel,
  trans: TranslationBundle,
): Promise<void> {
  const experiment = await api.getExperiment(id);
  const { accepted } = await confirmDanger({
    title: trans.__('Delete “%1”?', experiment.name),
    body: trans.__(
      'The experiment and its %1 leave the lists. You can restore them.',
      plural(experiment.runs, 'run'),
    ),
    action: trans.__('Delete'),
  });
  if (accepted) {
    await model.deleteExperiment(experiment);
    notifySuccess(trans.__('Deleted “%1”. The bin above the list holds it.', experiment.name));
  }
}

/** Ask, then delete one run or several; true when that was done. */
async function deleteRuns(
  ids: readonly string[],
  model: TrackingModel,
  trans: TranslationBundle,
): Promise<boolean> {
  const runs = await Promise.all(ids.map(api.getRun));
  const what = runs.length === 1 ? `“${runs[0].name}”` : plural(runs.length, 'run');
  const { accepted } = await confirmDanger({
    title: trans.__('Delete %1?', what),
    body: runs.some(isActive)
      ? trans.__('What is still running goes on and is recorded. You can restore it.')
      : trans.__('Nothing is lost: “Show deleted” on the experiment brings back what you delete.'),
    action: trans.__('Delete'),
  });
  if (!accepted) {
    return false;
  }
  await Promise.all(runs.map(run => model.deleteRun(run)));
  notifySuccess(trans.__('Deleted %1.', what));
  return true;
}
