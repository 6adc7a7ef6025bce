import type { TranslationBundle } from '@jupyterlab/translation';

import type { EngineInfo, InstanceCreate, Status } from '../api/schema';
import { engineChoice, enginesOf } from '../ui/engines';
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
    this._engines = enginesOf(_status).filter(engine => engine.available);
  }

  get fields(): Field[] {
    const trans = this._trans;
    const fields: (Field | false)[] = [
      {
        name: 'name',
        label: trans.__('Name'),
        kind: 'text',
        help: trans.__('Kernels on it are called “Python 3 · name”.'),
      },
      this._engines.length > 1 && {
        name: 'engine',
        label: trans.__('Engine'),
        kind: 'cards',
        options: this._engines.map(({ name }) => ({
          value: name,
          label: engineChoice(name, trans),
        })),
      },
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
      {
        name: 'gpus',
        label: trans.__('GPUs'),
        kind: 'number',
        min: 0,
        adapt: values => this._gpus(this._engine(values).gpus),
      },
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
    return fields.filter(field => field !== false);
  }

  /** The values to begin with: the server's default engine and size. */
  get initial(): Values {
    const { engine, default_size } = this._status;
    const chosen = this._engines.find(({ name }) => name === engine.name) ?? this._engines[0];
    return {
      name: suggestName(this._taken),
      engine: this._engines.length > 1 ? chosen.name : '',
      size: default_size,
      gpus: 0,
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

  private _gpus(there: number): { help: string; disabled: boolean; max: number } {
    const help =
      there === 0
        ? this._trans.__('This machine has no GPU that containers can use.')
        : this._trans.__('This machine has %1.', plural(there, 'GPU'));
    return { help, disabled: there === 0, max: there };
  }

  /** A suggested name follows the GPUs; one that the user typed stays. */
  private _renamed(values: Values): Values {
    const isSuggested = [0, 1].some(gpus => values.name === suggestName(this._taken, gpus));
    const name = suggestName(this._taken, Number(values.gpus));
    return isSuggested ? { ...values, name } : values;
  }

  private readonly _engines: readonly EngineInfo[];
}
