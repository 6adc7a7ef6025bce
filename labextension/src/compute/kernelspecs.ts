import type { KernelSpec } from '@jupyterlab/services';

import type { Collection } from '../api/collection';
import type { InstanceInfo } from '../api/schema';

/**
 * Fetches the kernelspecs again whenever instances came, went, or began to run: JupyterLab alone
 * would notice a new kernelspec only about a minute later.
 */
export class KernelspecRefresher {
  constructor(
    private readonly _instances: Pick<Collection<InstanceInfo>, 'items' | 'changed' | 'state'>,
    private readonly _specs: Pick<KernelSpec.IManager, 'refreshSpecs'>,
  ) {
    _instances.changed.connect(this._onChanged, this);
  }

  private _onChanged(): void {
    if (this._instances.state !== 'ready') {
      return;
    }
    const known = this._instances.items
      .map(({ name, state }) => `${name}:${state === 'running'}`)
      .join(' ');
    // JupyterLab has just fetched them itself when the first list arrives.
    if (this._known !== null && known !== this._known) {
      void this._specs.refreshSpecs().catch(error => {
        console.warn('Modelyard: the kernels could not be fetched again.', error);
      });
    }
    this._known = known;
  }

  private _known: string | null = null;
}
