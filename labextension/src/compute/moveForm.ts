import type { TranslationBundle } from '@jupyterlab/translation';

import type { EngineInfo, InstanceInfo } from '../api/schema';
import { engineChoice, engineName, takesInstances } from '../ui/engines';
import type { FormOptions } from '../ui/formmodel';
import type { ComputeModel } from './model';

/** The form of a move, apart from how it looks: nothing is sent without the confirmation. */
export function moveForm(
  model: Pick<ComputeModel, 'move'>,
  instance: InstanceInfo,
  engines: readonly EngineInfo[],
  trans: TranslationBundle,
): FormOptions<InstanceInfo> {
  const others = engines.filter(each => takesInstances(each) && each.name !== instance.engine);
  const isBare = (chosen: unknown): boolean =>
    others.some(each => each.name === chosen && !each.isolated);
  return {
    title: trans.__('Move “%1” to another engine', instance.name),
    intro: trans.__(
      'It is on “%1”, and stays there unless you move it. ' +
        'It keeps its name and the packages installed on it.',
      engineName(instance.engine, trans),
    ),
    action: trans.__('Move'),
    fields: [
      {
        name: 'engine',
        label: trans.__('Engine'),
        kind: 'cards',
        options: others.map(each => ({
          value: each.name,
          label: engineChoice(each.name, trans),
        })),
        adapt: values => ({
          help: isBare(values.engine)
            ? trans.__('There they see the whole machine: its files, its processes, its network.')
            : trans.__('What is left where it was is removed, except User files.'),
        }),
      },
      {
        name: 'confirmed',
        label: trans.__('Move it: its programs will run somewhere else'),
        kind: 'checkbox',
      },
    ],
    initial: { engine: others[0]?.name ?? '', confirmed: false },
    validate: values => ({
      confirmed: values.confirmed ? '' : trans.__('Confirm that it is to be moved.'),
    }),
    // The consent was to the engine that it was given for.
    derive: (values, changed) => (changed === 'engine' ? { ...values, confirmed: false } : values),
    submit: values => model.move(instance.name, String(values.engine)),
  };
}
