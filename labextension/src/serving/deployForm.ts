import type { TranslationBundle } from '@jupyterlab/translation';

import type { Collection } from '../api/collection';
import {
  DeployRequest,
  EndpointInfo,
  EngineInfo,
  Model,
  NAME_PATTERN,
  NAME_RULE,
  Status,
} from '../api/schema';
import { engineField, engineName, enginesOf } from '../ui/engines';
import type { Field, Values } from '../ui/fields';
import type { FormOptions } from '../ui/formmodel';
import { sizeOption } from '../ui/sizes';
import { parseRequirements, ServingModel, suggestEndpoint } from './model';

/** What the user began with; null: nothing. */
export interface IDeployStart {
  model: string | null;
  version: number | null;
  /** An endpoint to update; null: a new one. */
  endpoint: string | null;
}

export interface IDeployParts {
  model: ServingModel;
  models: Collection<Model>;
  trans: TranslationBundle;
}

/** The form of a deployment, apart from how it looks. */
export class DeployForm {
  constructor(
    private readonly _parts: IDeployParts,
    private readonly _start: IDeployStart,
    private readonly _status: Status,
  ) {
    this._engines = enginesOf(_status).filter(engine => engine.available);
  }

  get options(): FormOptions<EndpointInfo> {
    const { trans, model } = this._parts;
    const { endpoint } = this._start;
    return {
      title: endpoint ? trans.__('Update the endpoint “%1”', endpoint) : trans.__('Deploy a model'),
      intro: endpoint
        ? trans.__('URL and keys stay. The current version answers until the new one is ready.')
        : trans.__('Makes a URL with keys that answers with what the model predicts.'),
      fields: this._fields(),
      initial: this._initial(),
      action: endpoint ? trans.__('Update') : trans.__('Deploy'),
      validate: values => ({
        name: new RegExp(NAME_PATTERN).test(String(values.name))
          ? ''
          : trans.__('A name has %1.', NAME_RULE),
      }),
      derive: (values, changed) =>
        changed === 'model'
          ? { ...values, version: String(this._newest(String(values.model)) ?? '') }
          : values,
      submit: values => model.deploy(this.request(values)),
    };
  }

  /** What is sent; an empty engine means that of the endpoint, or the server's choice. */
  request(values: Values): DeployRequest {
    return {
      name: this._start.endpoint ?? String(values.name),
      model: `${values.model}:${values.version}`,
      size: String(values.size),
      engine: this._existing(values) ? '' : String(values.engine),
      requirements: parseRequirements(String(values.requirements)),
      script: String(values.script),
    };
  }

  private _fields(): Field[] {
    const { models, trans } = this._parts;
    const engine = engineField(this._engines, trans);
    return [
      {
        name: 'model',
        label: trans.__('Model'),
        kind: 'choice',
        options: models.items.map(each => ({ value: each.name, label: each.name })),
      },
      {
        name: 'version',
        label: trans.__('Version'),
        kind: 'choice',
        options: values =>
          (models.get(String(values.model))?.versions ?? []).map(each => ({
            value: String(each.version),
            label: `${each.version} (${each.flavor})`,
          })),
      },
      {
        name: 'name',
        label: trans.__('Endpoint name'),
        kind: 'text',
        disabled: this._start.endpoint !== null,
      },
      // An endpoint never changes its engine: there is nothing to choose for one that is there.
      ...(engine ? [{ ...engine, adapt: (values: Values) => this._engineOf(values) }] : []),
      {
        name: 'size',
        label: trans.__('Size'),
        kind: 'cards',
        options: this._status.sizes.map(sizeOption),
        adapt: values => ({
          help: this._isBare(values)
            ? trans.__('Without containers a size is a label, not a limit.')
            : undefined,
        }),
      },
      {
        name: 'requirements',
        label: trans.__('Packages'),
        kind: 'textarea',
        code: true,
        advanced: true,
        rows: 3,
        placeholder: trans.__('those that trained the model'),
        help: trans.__('One requirement a line; empty: the ones recorded with the model.'),
      },
      {
        name: 'script',
        label: trans.__('Scoring script'),
        kind: 'textarea',
        code: true,
        advanced: true,
        rows: 8,
        placeholder: 'def init(): …\n\ndef run(data): …',
        help: trans.__('Python with init() and run(data); empty: predicts with the model itself.'),
      },
    ];
  }

  private _initial(): Values {
    const { model, models } = this._parts;
    const start = this._start;
    const taken = model.endpoints.items.map(each => each.name);
    const current = start.endpoint ? model.find(start.endpoint)?.current : null;
    const name = start.model ?? current?.model ?? models.items[0].name;
    const { engine, default_size } = this._status;
    const chosen = this._engines.find(each => each.name === engine.name) ?? this._engines[0];
    return {
      model: name,
      version: String(start.version ?? this._newest(name) ?? ''),
      name: start.endpoint ?? suggestEndpoint(name, taken),
      engine: this._engines.length > 1 ? chosen.name : '',
      size: current?.size || default_size,
      requirements: '',
      script: '',
    };
  }

  private _engineOf(values: Values): { disabled?: boolean; help?: string } {
    const { trans } = this._parts;
    const existing = this._existing(values);
    if (!existing) {
      return {};
    }
    const engine = engineName(existing.engine, trans);
    return {
      disabled: true,
      help: trans.__('“%1” is on “%2”, and stays there.', existing.name, engine),
    };
  }

  /** The endpoint that is replaced, if there is one of that name. */
  private _existing(values: Values): EndpointInfo | undefined {
    return this._parts.model.find(this._start.endpoint ?? String(values.name));
  }

  private _isBare(values: Values): boolean {
    const { engine, engines } = this._status;
    const name = this._existing(values)?.engine ?? values.engine;
    return !(engines.find(each => each.name === name) ?? engine).isolated;
  }

  private _newest(model: string): number | undefined {
    return this._parts.models.get(model)?.versions[0]?.version;
  }

  private readonly _engines: readonly EngineInfo[];
}
