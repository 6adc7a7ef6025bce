import type { TranslationBundle } from '@jupyterlab/translation';
import { undoIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { confirmDanger } from '../ui/confirm';
import { formDialog } from '../ui/formdialog';
import { plural } from '../ui/format';
import { experimentIcon, trashIcon } from '../ui/icons';
import { attempt, notifySuccess } from '../ui/notify';
import * as api from './api';
import { isActive } from './columns';
import type { TrackingModel } from './model';
import { CommandIDs } from './tokens';

type Args = ReadonlyPartialJSONObject;

/** What the commands act on. */
export interface ITrackingParts {
  commands: CommandRegistry;
  model: TrackingModel;
  trans: TranslationBundle;
}

/** Add the commands that change experiments and runs. Those that open pages are the plugin's. */
export function addTrackingCommands({ commands, model, trans }: ITrackingParts): void {
  commands.addCommand(CommandIDs.createExperiment, {
    label: trans.__('New Experiment…'),
    icon: experimentIcon,
    execute: async () => {
      const created = await formDialog({
        title: trans.__('New experiment'),
        fields: [{ name: 'name', label: trans.__('Name'), kind: 'text' }],
        initial: { name: '' },
        action: trans.__('Create'),
        validate: values => ({ name: experimentNameProblem(String(values.name), trans) }),
        submit: values => model.create(String(values.name).trim()),
      });
      if (created) {
        await commands.execute(CommandIDs.openExperiment, { id: created.id });
      }
    },
  });
  commands.addCommand(CommandIDs.renameExperiment, {
    label: trans.__('Rename Experiment…'),
    execute: args => rename(args, model, trans),
  });
  commands.addCommand(CommandIDs.deleteExperiment, {
    label: trans.__('Delete Experiment'),
    icon: trashIcon,
    execute: args => deleteExperiment(args, model, trans),
  });
  commands.addCommand(CommandIDs.restoreExperiment, {
    label: trans.__('Restore Experiment'),
    icon: undoIcon,
    execute: args => attempt(() => model.restoreExperiment(Number(args.id))),
  });
  commands.addCommand(CommandIDs.deleteRun, {
    label: trans.__('Delete Run'),
    icon: trashIcon,
    execute: args => deleteRuns(args, model, trans),
  });
  commands.addCommand(CommandIDs.restoreRun, {
    label: trans.__('Restore Run'),
    icon: undoIcon,
    execute: args => attempt(() => model.restoreRun(String(args.id))),
  });
}

/** What is wrong with an experiment's name; empty when it can be used. */
export function experimentNameProblem(name: string, trans: TranslationBundle): string {
  const length = name.trim().length;
  return length >= 1 && length <= 200
    ? ''
    : trans.__('An experiment has a name of 1 to 200 letters.');
}

async function rename(args: Args, model: TrackingModel, trans: TranslationBundle): Promise<void> {
  const experiment = model.experiments.get(String(args.id));
  await formDialog({
    title: trans.__('Rename experiment'),
    fields: [{ name: 'name', label: trans.__('Name'), kind: 'text' }],
    initial: { name: experiment?.name ?? '' },
    action: trans.__('Rename'),
    validate: values => ({ name: experimentNameProblem(String(values.name), trans) }),
    submit: values => model.rename(Number(args.id), String(values.name).trim()),
  });
}

async function deleteExperiment(
  args: Args,
  model: TrackingModel,
  trans: TranslationBundle,
): Promise<void> {
  const experiment = await attempt(() => api.getExperiment(Number(args.id)));
  if (!experiment) {
    return;
  }
  const { accepted } = await confirmDanger({
    title: trans.__('Delete “%1”?', experiment.name),
    body: trans.__(
      'The experiment and its %1 leave the lists. You can restore them.',
      plural(experiment.runs, 'run'),
    ),
    action: trans.__('Delete'),
  });
  if (accepted) {
    await attempt(() => model.deleteExperiment(experiment));
  }
}

/** Ask, then delete one run or several; true when that was done. */
async function deleteRuns(
  args: Args,
  model: TrackingModel,
  trans: TranslationBundle,
): Promise<boolean> {
  const ids = Array.isArray(args.ids) ? args.ids.map(String) : [String(args.id)];
  const runs = await attempt(() => Promise.all(ids.map(api.getRun)));
  if (!runs) {
    return false;
  }
  const what = runs.length === 1 ? `“${runs[0].name}”` : plural(runs.length, 'run');
  const { accepted } = await confirmDanger({
    title: trans.__('Delete %1?', what),
    body: runs.some(isActive)
      ? trans.__('What is still running goes on and is recorded. You can restore it.')
      : trans.__('It leaves the lists. “Show deleted” on the experiment brings it back.'),
    action: trans.__('Delete'),
  });
  if (!accepted) {
    return false;
  }
  const done = await attempt(() => Promise.all(runs.map(run => model.deleteRun(run))));
  if (done) {
    notifySuccess(trans.__('Deleted %1.', what));
  }
  return done !== null;
}
