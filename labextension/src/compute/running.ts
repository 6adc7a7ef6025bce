import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ISignal } from '@lumino/signaling';

import type { InstanceInfo } from '../api/schema';
import { plural } from '../ui/format';
import { computeIcon } from '../ui/icons';
import type { ComputeModel } from './model';
import { CommandIDs } from './tokens';

/** Running instances, for JupyterLab's list of what runs. */
export class RunningInstances implements IRunningSessions.IManager {
  constructor(
    private readonly _model: ComputeModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle,
  ) {}

  get name(): string {
    return this._trans.__('Compute Instances');
  }

  get shutdownLabel(): string {
    return this._trans.__('Stop');
  }

  get shutdownAllLabel(): string {
    return this._trans.__('Stop All');
  }

  get shutdownAllConfirmationText(): string {
    return this._trans.__('Stop all compute instances? The variables of their kernels are lost.');
  }

  get runningChanged(): ISignal<unknown, unknown> {
    return this._model.instances.changed;
  }

  running(): IRunningSessions.IRunningItem[] {
    return this._running().map(instance => ({
      icon: () => computeIcon,
      label: () => instance.name,
      labelTitle: () => instance.name,
      detail: () => (instance.kernels > 0 ? plural(instance.kernels, 'kernel') : ''),
      open: () => void this._commands.execute(CommandIDs.open, { name: instance.name }),
      shutdown: () => void this._commands.execute(CommandIDs.stop, { name: instance.name }),
    }));
  }

  refreshRunning(): void {
    void this._model.instances.refresh();
  }

  shutdownAll(): void {
    // JupyterLab has asked already.
    this._running().forEach(({ name }) => void this._model.stop(name, true));
  }

  private _running(): InstanceInfo[] {
    return this._model.instances.items.filter(instance => instance.state === 'running');
  }
}
