import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, LabIcon, runIcon, stopIcon, terminalIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { ApiError } from '../api/request';
import type { InstanceInfo } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { plural } from '../ui/format';
import { computeIcon, notebookIcon, restartIcon, trashIcon } from '../ui/icons';
import { contextId } from '../ui/list';
import { attempt, notifyError } from '../ui/notify';
import type { Pages } from '../ui/pages';
import { createInstance } from './dialog';
import { canStart, canStop, ComputeModel } from './model';
import { CommandIDs } from './tokens';

const CATEGORY = 'Modelyard';

export interface CommandParts {
  app: JupyterFrontEnd;
  model: ComputeModel;
  pages: Pages;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
}

interface InstanceCommand {
  id: string;
  label: string;
  icon: LabIcon;
  /** When it makes sense; without it, always. */
  when?: (instance: InstanceInfo) => boolean;
  run: (name: string) => Promise<unknown>;
}

/** Register what can be done with instances. */
export function addCommands(parts: CommandParts): void {
  const { app, model, palette, trans } = parts;
  app.commands.addCommand(CommandIDs.create, {
    label: trans.__('New Compute Instance…'),
    caption: trans.__('Create a compute instance and start it'),
    icon: addIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => attempt(() => createInstance(model, trans)),
  });
  palette?.addItem({ command: CommandIDs.create, category: CATEGORY });
  instanceCommands(parts).forEach(command => addInstanceCommand(parts, command));
}

function addInstanceCommand(parts: CommandParts, command: InstanceCommand): void {
  const { app, model, palette, trans } = parts;
  const { id, label, icon, when, run } = command;
  const nameOf = (args: ReadonlyPartialJSONObject): string | undefined =>
    typeof args.name === 'string' ? args.name : target(parts, args.isPalette === true);
  app.commands.addCommand(id, {
    label,
    icon,
    describedBy: {
      args: {
        type: 'object',
        properties: { name: { type: 'string', description: trans.__('Name of the instance') } },
      },
    },
    isEnabled: args => {
      const name = nameOf(args);
      const instance = name === undefined ? undefined : model.instances.get(name);
      // A page that is restored opens before the list is there.
      return when ? instance !== undefined && when(instance) : name !== undefined;
    },
    execute: async args => {
      const name = nameOf(args);
      return name === undefined ? undefined : attempt(() => run(name));
    },
  });
  palette?.addItem({ command: id, category: CATEGORY, args: { isPalette: true } });
}

/** The instance that a command without a name means: under the mouse, or the page in front. */
function target({ app, pages }: CommandParts, isPalette: boolean): string | undefined {
  // The hit test remembers the last context menu: the palette must not act on that.
  const hit = isPalette ? undefined : contextId(test => app.contextMenuHitTest(test), 'instance');
  return hit ?? pages.current ?? undefined;
}

function instanceCommands(parts: CommandParts): InstanceCommand[] {
  const { app, model, pages, trans } = parts;
  const isRunning = (instance: InstanceInfo): boolean => instance.state === 'running';
  return [
    {
      id: CommandIDs.open,
      label: trans.__('Open Compute Instance'),
      icon: computeIcon,
      run: async name => pages.open(name),
    },
    {
      id: CommandIDs.notebook,
      label: trans.__('New Notebook on Compute Instance'),
      icon: notebookIcon,
      when: isRunning,
      run: name => openNotebook(app, model, name),
    },
    {
      id: CommandIDs.terminal,
      label: trans.__('Open Terminal on Compute Instance'),
      icon: terminalIcon,
      when: isRunning,
      run: async name =>
        app.commands.execute('terminal:open', { name: await model.openTerminal(name) }),
    },
    {
      id: CommandIDs.start,
      label: trans.__('Start Compute Instance'),
      icon: runIcon,
      when: canStart,
      run: name => model.start(name),
    },
    {
      id: CommandIDs.stop,
      label: trans.__('Stop Compute Instance'),
      icon: stopIcon,
      when: canStop,
      run: name => stop(parts, name),
    },
    {
      id: CommandIDs.restart,
      label: trans.__('Restart Compute Instance'),
      icon: restartIcon,
      when: isRunning,
      run: name => restart(parts, name),
    },
    {
      id: CommandIDs.remove,
      label: trans.__('Delete Compute Instance…'),
      icon: trashIcon,
      when: instance => instance.state !== 'deleting',
      run: name => remove(parts, name),
    },
  ];
}

async function openNotebook(
  app: JupyterFrontEnd,
  model: ComputeModel,
  name: string,
): Promise<unknown> {
  const instance = model.instances.get(name);
  await app.serviceManager.kernelspecs.refreshSpecs();
  return app.commands.execute('notebook:create-new', { kernelName: instance?.kernelspec });
}

async function stop(parts: CommandParts, name: string): Promise<unknown> {
  const { model, trans } = parts;
  return withKernels(
    parts,
    name,
    { title: trans.__('Stop “%1”?', name), action: trans.__('Stop') },
    force => model.stop(name, force),
  );
}

async function restart(parts: CommandParts, name: string): Promise<unknown> {
  const { model, trans } = parts;
  return withKernels(
    parts,
    name,
    { title: trans.__('Restart “%1”?', name), action: trans.__('Restart') },
    force => model.restart(name, force),
  );
}

/** Do what ends the kernels of an instance, after asking if there are any. */
async function withKernels(
  { model, trans }: CommandParts,
  name: string,
  words: { title: string; action: string },
  act: (force: boolean) => Promise<unknown>,
): Promise<unknown> {
  const ask = async (kernels: number): Promise<unknown> => {
    const live = kernels > 0 ? plural(kernels, 'kernel') : trans.__('At least one kernel');
    const body = trans.__(
      '%1 on it will be shut down and lose all variables. Files and installed packages stay.',
      live,
    );
    const { accepted } = await confirmDanger({ ...words, body });
    return accepted ? act(true) : undefined;
  };
  const kernels = model.instances.get(name)?.kernels ?? 0;
  if (kernels > 0) {
    return ask(kernels);
  }
  try {
    return await act(false);
  } catch (error) {
    // A kernel started since the list was told: the server knows better.
    if (error instanceof ApiError && error.code === 'in_use') {
      return ask(0);
    }
    throw error;
  }
}

async function remove({ model, trans }: CommandParts, name: string): Promise<void> {
  const kernels = model.instances.get(name)?.kernels ?? 0;
  const texts = [
    trans.__('Its container and the packages installed on it are removed. User files stay.'),
  ];
  if (kernels > 0) {
    texts.unshift(trans.__('%1 on it will be shut down.', plural(kernels, 'live kernel')));
  }
  const { accepted } = await confirmDanger({
    title: trans.__('Delete “%1”?', name),
    body: texts.join(' '),
    action: trans.__('Delete'),
  });
  if (accepted) {
    await model.remove(name, true).catch(notifyError);
  }
}
