import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { ApiError } from '../api/request';
import type { ModelVersionInfo, RunInfo } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { formDialog } from '../ui/formdialog';
import { plural } from '../ui/format';
import { modelIcon, trashIcon } from '../ui/icons';
import { notifySuccess } from '../ui/notify';
import { addObjectCommand, CommandHost, textArgument } from '../ui/objectcommands';
import * as api from './api';
import { modelPaths, nameProblem, RegistryModel, suggestName } from './model';
import { CommandIDs } from './tokens';

/** What the commands act on. */
export interface IRegistryParts extends CommandHost {
  model: RegistryModel;
  trans: TranslationBundle;
  /** Name of the model, and id of the run, whose page is in front. */
  currentModel: () => string | null;
  currentRun: () => string | null;
}

/** Add the commands that change models. The one that opens pages is the plugin's. */
export function addRegistryCommands(parts: IRegistryParts): void {
  const { app, trans, currentModel, currentRun } = parts;
  addObjectCommand(parts, {
    kind: 'run',
    id: CommandIDs.register,
    label: trans.__('Register Model…'),
    icon: modelIcon,
    rank: 10,
    current: currentRun,
    // A run's id has no slash: what follows the first one is the path in its artifacts.
    fromArgs: args =>
      args.run === undefined ? undefined : [args.run, args.path].filter(Boolean).join('/'),
    run: target => {
      const [run, ...path] = target.split('/');
      return register(run, path.join('/'), parts);
    },
  });
  addObjectCommand(parts, {
    kind: 'model',
    id: CommandIDs.deleteModel,
    label: trans.__('Delete Model'),
    icon: trashIcon,
    rank: 20,
    current: currentModel,
    fromArgs: textArgument('name'),
    run: name => deleteModel(name, parts),
  });
  const version = {
    kind: 'model-version',
    fromArgs: (args: ReadonlyPartialJSONObject) =>
      args.name === undefined ? undefined : `${args.name}:${args.version}`,
  };
  addObjectCommand(parts, {
    ...version,
    id: CommandIDs.deleteVersion,
    label: trans.__('Delete Model Version'),
    icon: trashIcon,
    rank: 20,
    run: target => {
      const [name, number] = target.split(':');
      return deleteVersion(name, Number(number), parts);
    },
  });
  app.contextMenu.addItem({
    command: CommandIDs.deploy,
    selector: '[data-myd-kind="model-version"]',
    rank: 10,
    args: { isContextMenu: true },
  });
}

async function register(run: string, path: string, parts: IRegistryParts): Promise<void> {
  const { app, trans } = parts;
  const version = await askAndRegister(await findModels(run, trans), path, parts);
  if (version) {
    notifySuccess(trans.__('Registered %1 version %2.', version.name, version.version));
    await app.commands.execute(CommandIDs.open, { name: version.name, version: version.version });
  }
}

interface IFound {
  run: RunInfo;
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
  path: string,
  { model, trans }: IRegistryParts,
): Promise<ModelVersionInfo | null> {
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
      path: paths.includes(path) ? path : paths[0],
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
    await model.deleteModel(name);
    notifySuccess(trans.__('Deleted the model “%1”.', name));
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
    await model.deleteVersion(name, version);
    notifySuccess(trans.__('Deleted %1 version %2.', name, version));
  }
}
