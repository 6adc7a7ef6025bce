import type { TranslationBundle } from '@jupyterlab/translation';

import type { InstanceInfo } from '../api/schema';
import { enginesOf } from '../ui/engines';
import { formDialog } from '../ui/formdialog';
import type { ComputeModel } from './model';
import { moveForm } from './moveForm';

/**
 * Ask where to put a stopped instance, and whether that is really meant.
 *
 * @returns the instance, null when the user cancelled.
 */
export async function moveInstance(
  model: ComputeModel,
  name: string,
  trans: TranslationBundle,
): Promise<InstanceInfo | null> {
  await model.instances.ready();
  const instance = model.instances.get(name);
  const { status } = model.live;
  return instance && status
    ? formDialog(moveForm(model, instance, enginesOf(status), trans))
    : null;
}
