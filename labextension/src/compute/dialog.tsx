import type { TranslationBundle } from '@jupyterlab/translation';

import type { Instance, Status } from '../api/schema';
import type { Field, Values } from '../ui/fields';
import { plural } from '../ui/format';
import { formDialog } from '../ui/formdialog';
import { sizeOption } from '../ui/sizes';
import { ComputeModel, nameProblem, suggestName } from './model';

/**
 * Ask for a new instance and create it.
 *
 * @returns the instance, null when the user cancelled.
 */
export async function createInstance(
  model: ComputeModel,
  trans: TranslationBundle,
): Promise<Instance | null> {
  await Promise.all([model.instances.ready(), model.live.status ?? model.live.refreshStatus()]);
  const { status } = model.live;
  if (!status) {
    throw model.live.statusError;
  }
  const taken = model.instances.items.map(instance => instance.name);
  return formDialog<Instance>({
    title: trans.__('New compute instance'),
    action: trans.__('Create'),
    fields: fieldsFor(status, trans),
    initial: { name: suggestName(taken), size: status.default_size, gpus: 0, image: '' },
    validate: values => ({
      name: nameProblem(String(values.name), taken),
      gpus: gpusProblem(values.gpus, status.engine.gpus, trans),
    }),
    derive: (values, changed) => (changed === 'gpus' ? renamed(values, taken) : values),
    submit: values =>
      model.create({
        name: String(values.name),
        size: String(values.size),
        gpus: Number(values.gpus ?? 0),
        image: String(values.image).trim(),
      }),
  });
}

function fieldsFor(status: Status, trans: TranslationBundle): Field[] {
  const { engine } = status;
  const isProcess = engine.name === 'process';
  return [
    {
      name: 'name',
      label: trans.__('Name'),
      kind: 'text',
      help: trans.__('Kernels on it are called “Python 3 · name”.'),
    },
    {
      name: 'size',
      label: trans.__('Size'),
      kind: 'cards',
      options: status.sizes.map(size => sizeOption(size)),
      help: isProcess ? trans.__('Without containers a size is a label, not a limit.') : undefined,
    },
    {
      name: 'gpus',
      label: trans.__('GPUs'),
      kind: 'number',
      min: 0,
      max: engine.gpus,
      disabled: engine.gpus === 0,
      help:
        engine.gpus === 0
          ? trans.__('This machine has no GPU that containers can use.')
          : trans.__('This machine has %1.', plural(engine.gpus, 'GPU')),
    },
    {
      name: 'image',
      label: trans.__('Image'),
      kind: 'text',
      disabled: isProcess,
      help: isProcess
        ? trans.__('An image needs Docker: this server runs local processes.')
        : trans.__('Empty: the workspace’s own image, with the usual packages.'),
    },
  ];
}

function gpusProblem(value: unknown, there: number, trans: TranslationBundle): string {
  const gpus = Number(value ?? 0);
  return Number.isInteger(gpus) && gpus >= 0 && gpus <= there
    ? ''
    : trans.__('Use a whole number from 0 to %1.', there);
}

/** A suggested name follows the GPUs; one that the user typed stays. */
function renamed(values: Values, taken: readonly string[]): Values {
  const isSuggested = [0, 1].some(gpus => values.name === suggestName(taken, gpus));
  return isSuggested ? { ...values, name: suggestName(taken, Number(values.gpus)) } : values;
}
