import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { ApiError } from '../api/request';
import type { ModelVersion, Run } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { formDialog } from '../ui/formdialog';
import { plural } from '../ui/format';
import { modelIcon, trashIcon } from '../ui/icons';
import { attempt, notifyError, notifySuccess } from '../ui/notify';
import * as api from './api';
import { modelPaths, nameProblem, RegistryModel, suggestName } from './model';
import { CommandIDs } from './tokens';

type Args = ReadonlyPartialJSONObject;

/** What the commands act on. */
export interface IRegistryParts {
  commands: CommandRegistry;
  model: RegistryModel;
  trans: TranslationBundle;
}

/** Add the commands that change models. The one that opens pages is the plugin's. */
export function addRegistryCommands(parts: IRegistryParts): void {
  const { commands, trans } = parts;
  commands.addCommand(CommandIDs.register, {
    label: trans.__('Register Model…'),
    icon: modelIcon,
    execute: args => register(args, parts),
  });
  commands.addCommand(CommandIDs.deleteModel, {
    label: trans.__('Delete Model'),
    icon: trashIcon,
    execute: args => deleteModel(String(args.name), parts),
  });
  commands.addCommand(CommandIDs.deleteVersion, {
    label: trans.__('Delete Model Version'),
    icon: trashIcon,
    execute: args => deleteVersion(String(args.name), Number(args.version), parts),
  });
}

async function register(args: Args, parts: IRegistryParts): Promise<void> {
  const { commands, trans } = parts;
  const found = await attempt(() => findModels(String(args.run), trans));
  if (!found) {
    return;
  }
  const version = await askAndRegister(found, args.path, parts);
  if (version) {
    notifySuccess(trans.__('Registered %1 version %2.', version.name, version.version));
    await commands.execute(CommandIDs.open, { name: version.name, version: version.version });
  }
}

interface IFound {
  run: Run;
  paths: string[];
}

async function findModels(id: string, trans: TranslationBundle): Promise<IFound> {
  const [run, files] = await Promise.all([api.getRun(id), api.listRunFiles(id)]);
  const paths = modelPaths(files);
  if (paths.length === 0) {
    throw new ApiError(409, {
      code: 'wrong_state',
      message: trans.__('The run “%1” logged no model.', run.name),
      hint: trans.__('Log one with run.log_model(model, "model").'),
      field: '',
    });
  }
  return { run, paths };
}

async function askAndRegister(
  { run, paths }: IFound,
  path: unknown,
  { model, trans }: IRegistryParts,
): Promise<ModelVersion | null> {
  await model.models.ready();
  return formDialog({
    title: trans.__('Register a model'),
    fields: [
      {
        name: 'path',
        label: trans.__('Model of the run “%1”', run.name),
        kind: 'choice',
        options: paths.map(each => ({ value: each, label: each || trans.__('(all artifacts)') })),
      },
      {
        name: 'name',
        label: trans.__('Name'),
        kind: 'text',
        help: trans.__('An existing name gets a new version.'),
        suggestions: model.models.items.map(each => each.name),
      },
      { name: 'note', label: trans.__('Note'), kind: 'textarea', rows: 3, advanced: true },
    ],
    initial: {
      path: typeof path === 'string' && paths.includes(path) ? path : paths[0],
      name: run.models[0]?.name ?? suggestName(run),
      note: '',
    },
    action: trans.__('Register'),
    validate: values => ({ name: nameProblem(String(values.name)) ?? '' }),
    submit: values =>
      model.register(String(values.name), run.id, String(values.path), String(values.note)),
  });
}

async function deleteModel(name: string, { model, trans }: IRegistryParts): Promise<void> {
  await model.models.ready();
  const count = model.models.get(name)?.versions.length ?? 0;
  const { accepted } = await confirmDanger({
    title: trans.__('Delete the model “%1”?', name),
    body: trans.__(
      'Its %1 and their files are removed for good. The runs they came from keep theirs.',
      plural(count, 'version'),
    ),
    action: trans.__('Delete'),
  });
  if (accepted) {
    await act(() => model.deleteModel(name), trans.__('Deleted the model “%1”.', name));
  }
}

async function deleteVersion(
  name: string,
  version: number,
  { model, trans }: IRegistryParts,
): Promise<void> {
  const { accepted } = await confirmDanger({
    title: trans.__('Delete %1 version %2?', name, version),
    body: trans.__('Its files are removed for good. The run it came from keeps its own.'),
    action: trans.__('Delete'),
  });
  if (accepted) {
    await act(
      () => model.deleteVersion(name, version),
      trans.__('Deleted %1 version %2.', name, version),
    );
  }
}

async function act(action: () => Promise<void>, done: string): Promise<void> {
  try {
    await action();
    notifySuccess(done);
  } catch (error) {
    notifyError(error);
  }
}
