import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, runIcon, stopIcon, terminalIcon } from '@jupyterlab/ui-components';

import { ApiError } from '../api/request';
import type { InstanceInfo } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { plural } from '../ui/format';
import { notebookIcon, restartIcon, trashIcon } from '../ui/icons';
import { attempt, notifyError } from '../ui/notify';
import { addObjectCommand, CommandHost, ObjectCommand, textArgument } from '../ui/objectcommands';
import { createInstance } from './dialog';
import { canMove, canStart, canStop, ComputeModel } from './model';
import { moveInstance } from './moveDialog';
import { CommandIDs } from './tokens';

/** What the commands act on. */
export interface CommandParts extends CommandHost {
  model: ComputeModel;
  trans: TranslationBundle;
  /** Name of the instance whose page is in front. */
  current: () => string | null;
}

/** Add the commands about instances. The one that opens pages is the plugin's. */
export function addComputeCommands(parts: CommandParts): void {
  const { app, model, palette, trans } = parts;
  app.commands.addCommand(CommandIDs.create, {
    label: trans.__('New Compute Instance…'),
    caption: trans.__('Create a compute instance and start it'),
    icon: addIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => attempt(() => createInstance(model, trans)),
  });
  palette?.addItem({ command: CommandIDs.create, category: 'Modelyard' });
  instanceCommands(parts).forEach(({ when, ...command }) =>
    addObjectCommand(parts, {
      ...command,
      kind: 'instance',
      fromArgs: textArgument('name'),
      current: parts.current,
      when: when && (name => canDo(model, name, when)),
    }),
  );
  // Groups of the context menu: what it runs, whether it runs, whether it is.
  [15, 25].forEach(rank =>
    app.contextMenu.addItem({ type: 'separator', selector: '[data-myd-kind="instance"]', rank }),
  );
}

interface InstanceCommand extends Pick<ObjectCommand, 'id' | 'label' | 'icon' | 'rank' | 'run'> {
  /** When it makes sense; without it, always. */
  when?: (instance: InstanceInfo) => boolean;
}

function canDo(model: ComputeModel, name: string, when: (one: InstanceInfo) => boolean): boolean {
  const instance = model.instances.get(name);
  return instance !== undefined && when(instance);
}

function instanceCommands(parts: CommandParts): InstanceCommand[] {
  const { app, model, trans } = parts;
  const isRunning = (instance: InstanceInfo): boolean => instance.state === 'running';
  return [
    {
      id: CommandIDs.notebook,
      label: trans.__('New Notebook on Compute Instance'),
      icon: notebookIcon,
      rank: 11,
      when: isRunning,
      run: name => openNotebook(app, model, name),
    },
    {
      id: CommandIDs.terminal,
      label: trans.__('Open Terminal on Compute Instance'),
      icon: terminalIcon,
      rank: 12,
      when: isRunning,
      run: async name =>
        app.commands.execute('terminal:open', { name: await model.openTerminal(name) }),
    },
    {
      id: CommandIDs.start,
      label: trans.__('Start Compute Instance'),
      icon: runIcon,
      rank: 20,
      when: canStart,
      run: name => model.start(name),
    },
    {
      id: CommandIDs.stop,
      label: trans.__('Stop Compute Instance'),
      icon: stopIcon,
      rank: 21,
      when: canStop,
      run: name => stop(parts, name),
    },
    {
      id: CommandIDs.restart,
      label: trans.__('Restart Compute Instance'),
      icon: restartIcon,
      rank: 22,
      when: isRunning,
      run: name => restart(parts, name),
    },
    {
      id: CommandIDs.move,
      label: trans.__('Move Compute Instance to Another Engine…'),
      rank: 30,
      when: instance => canMove(instance, model.live.status),
      run: name => moveInstance(model, name, trans),
    },
    {
      id: CommandIDs.remove,
      label: trans.__('Delete Compute Instance…'),
      icon: trashIcon,
      rank: 31,
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
  const texts = [trans.__('It and the packages installed on it are removed. User files stay.')];
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
