import type { TranslationBundle } from '@jupyterlab/translation';

import type { EngineInfo, InstanceCreate, Status } from '../api/schema';
import { engineField, enginesOf, takesInstances } from '../ui/engines';
import type { Field, Values } from '../ui/fields';
import { plural } from '../ui/format';
import type { Problems } from '../ui/formmodel';
import { sizeOption } from '../ui/sizes';
import { nameProblem, suggestName } from './model';

/** The form of a new instance, apart from how it looks. */
export class InstanceForm {
  /** @param taken names of the instances that there are. */
  constructor(
    private readonly _status: Status,
    private readonly _taken: readonly string[],
    private readonly _trans: TranslationBundle,
  ) {
    this._engines = enginesOf(_status).filter(takesInstances);
  }

  get fields(): Field[] {
    const trans = this._trans;
    const fields: (Field | null)[] = [
      {
        name: 'name',
        label: trans.__('Name'),
        kind: 'text',
        help: trans.__('Kernels on it are called “Python 3 · name”.'),
      },
      engineField(this._engines, trans),
      {
        name: 'size',
        label: trans.__('Size'),
        kind: 'cards',
        options: this._status.sizes.map(size => sizeOption(size)),
        adapt: values => ({
          help: this._isBare(values)
            ? trans.__('Without containers a size is a label, not a limit.')
            : undefined,
        }),
      },
      ...this._gpuFields(),
      {
        name: 'image',
        label: trans.__('Image'),
        kind: 'text',
        adapt: values => ({
          disabled: this._isBare(values),
          help: this._isBare(values)
            ? trans.__('An image needs Docker: this instance is a local process.')
            : trans.__('Empty: the workspace’s own image, with the usual packages.'),
        }),
      },
    ];
    return fields.filter(field => field !== null);
  }

  /** The values to begin with: the server's default engine and size. */
  get initial(): Values {
    const { engine, default_size } = this._status;
    const chosen: EngineInfo | undefined =
      this._engines.find(({ name }) => name === engine.name) ?? this._engines[0];
    return {
      name: suggestName(this._taken),
      // Never another engine because the default is silent, only because it takes no instances.
      engine: this._engines.length > 1 || !engine.instances ? (chosen?.name ?? '') : '',
      size: default_size,
      gpus: 0,
      shared: false,
      queue: false,
      image: '',
    };
  }

  validate(values: Values): Problems {
    const { gpus: there } = this._engine(values);
    const gpus = Number(values.gpus ?? 0);
    const fits = Number.isInteger(gpus) && gpus >= 0 && gpus <= there;
    return {
      name: nameProblem(String(values.name), this._taken),
      gpus: fits ? '' : this._trans.__('Use a whole number from 0 to %1.', there),
    };
  }

  /** What follows from a change. */
  derive(values: Values, changed: string): Values {
    if (changed === 'gpus') {
      return this._renamed(values);
    }
    if (changed === 'engine') {
      const gpus = Math.min(Number(values.gpus ?? 0), this._engine(values).gpus);
      const image = this._isBare(values) ? '' : values.image;
      return this._renamed({ ...values, gpus, image });
    }
    return values;
  }

  /** What is sent; an empty engine leaves the choice to the server. */
  request(values: Values): InstanceCreate {
    return {
      name: String(values.name),
      engine: String(values.engine),
      size: String(values.size),
      gpus: Number(values.gpus ?? 0),
      shared: Number(values.gpus) > 0 && Boolean(values.shared),
      queue: Number(values.gpus) > 0 && Boolean(values.queue),
      image: String(values.image).trim(),
    };
  }

  private _engine(values: Values): EngineInfo {
    return this._engines.find(({ name }) => name === values.engine) ?? this._status.engine;
  }

  /** Whether it has no container: neither limits nor an image. */
  private _isBare(values: Values): boolean {
    return !this._engine(values).isolated;
  }

  /** Nothing on a machine without GPUs; how they are taken, once some are wanted. */
  private _gpuFields(): Field[] {
    const trans = this._trans;
    if (this._engines.every(engine => engine.gpus === 0)) {
      return [];
    }
    const whenWanted = (values: Values): { hidden: boolean } => ({
      hidden: Number(values.gpus ?? 0) === 0,
    });
    return [
      {
        name: 'gpus',
        label: trans.__('GPUs'),
        kind: 'number',
        min: 0,
        adapt: values => {
          const there = this._engine(values).gpus;
          const help =
            there === 0
              ? trans.__('There is no GPU that this engine can use.')
              : trans.__('This machine has %1.', plural(there, 'GPU'));
          return { help, disabled: there === 0, max: there };
        },
      },
      {
        name: 'shared',
        label: trans.__('Share them with others that share'),
        kind: 'checkbox',
        adapt: whenWanted,
      },
      {
        name: 'queue',
        label: trans.__('Wait for its turn while others hold them'),
        kind: 'checkbox',
        adapt: whenWanted,
      },
    ];
  }

  /** A suggested name follows the GPUs; one that the user typed stays. */
  private _renamed(values: Values): Values {
    const isSuggested = [0, 1].some(gpus => values.name === suggestName(this._taken, gpus));
    const name = suggestName(this._taken, Number(values.gpus));
    return isSuggested ? { ...values, name } : values;
  }

  private readonly _engines: readonly EngineInfo[];
}
