import type { TranslationBundle } from '@jupyterlab/translation';

import type { InstanceInfo } from '../api/schema';
import { formDialog } from '../ui/formdialog';
import { InstanceForm } from './form';
import { ComputeModel } from './model';

/**
 * Ask for a new instance and create it.
 *
 * @returns the instance, null when the user cancelled.
 */
export async function createInstance(
  model: ComputeModel,
  trans: TranslationBundle,
): Promise<InstanceInfo | null> {
  await Promise.all([model.instances.ready(), model.live.status ?? model.live.refreshStatus()]);
  const { status } = model.live;
  if (!status) {
    throw model.live.statusError;
  }
  const taken = model.instances.items.map(instance => instance.name);
  const form = new InstanceForm(status, taken, trans);
  return formDialog<InstanceInfo>({
    title: trans.__('New compute instance'),
    action: trans.__('Create'),
    fields: form.fields,
    initial: form.initial,
    validate: values => form.validate(values),
    derive: (values, changed) => form.derive(values, changed),
    submit: values => model.create(form.request(values)),
  });
}
