import type { TranslationBundle } from '@jupyterlab/translation';

import type { Collection } from '../api/collection';
import { ApiError } from '../api/request';
import { DeployRequest, EndpointInfo, Model, NAME_PATTERN, NAME_RULE, Status } from '../api/schema';
import type { Field, Values } from '../ui/fields';
import { formDialog } from '../ui/formdialog';
import { sizeOption } from '../ui/sizes';
import { getStatus } from './api';
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

/**
 * Ask what to deploy where, and do it.
 *
 * @returns The endpoint on its way, or null when the user cancelled.
 * @throws ApiError when there is no model to deploy, or the server does not answer.
 */
export async function deployDialog(
  parts: IDeployParts,
  start: IDeployStart,
): Promise<EndpointInfo | null> {
  const { model, models, trans } = parts;
  const [status] = await Promise.all([getStatus(), models.ready(), model.endpoints.ready()]);
  if (models.items.length === 0) {
    throw new ApiError(409, {
      code: 'wrong_state',
      message: trans.__('There is no model to deploy yet.'),
      hint: trans.__('Register one from the page of its run.'),
      field: '',
    });
  }
  return formDialog({
    title: start.endpoint
      ? trans.__('Update the endpoint “%1”', start.endpoint)
      : trans.__('Deploy a model'),
    intro: start.endpoint
      ? trans.__('URL and keys stay. The current version answers until the new one is ready.')
      : trans.__('Makes a URL with keys that answers with what the model predicts.'),
    fields: fields(parts, start, status),
    initial: initial(parts, start, status),
    action: start.endpoint ? trans.__('Update') : trans.__('Deploy'),
    validate: values => ({
      name: new RegExp(NAME_PATTERN).test(String(values.name))
        ? ''
        : trans.__('A name has %1.', NAME_RULE),
    }),
    derive: (values, changed) =>
      changed === 'model'
        ? { ...values, version: String(newest(models, String(values.model)) ?? '') }
        : values,
    submit: values => model.deploy(toRequest(values, start)),
  });
}

function fields(parts: IDeployParts, start: IDeployStart, status: Status): Field[] {
  const { models, trans } = parts;
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
      disabled: start.endpoint !== null,
    },
    {
      name: 'size',
      label: trans.__('Size'),
      kind: 'cards',
      options: status.sizes.map(sizeOption),
      help:
        status.engine.name === 'process'
          ? trans.__('Without containers a size is a label, not a limit.')
          : undefined,
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

function initial(parts: IDeployParts, start: IDeployStart, status: Status): Values {
  const { model, models } = parts;
  const current = start.endpoint ? model.find(start.endpoint)?.current : null;
  const name = start.model ?? current?.model ?? models.items[0].name;
  const taken = model.endpoints.items.map(each => each.name);
  return {
    model: name,
    version: String(start.version ?? newest(models, name) ?? ''),
    name: start.endpoint ?? suggestEndpoint(name, taken),
    size: current?.size || status.default_size,
    requirements: '',
    script: '',
  };
}

function newest(models: Collection<Model>, name: string): number | undefined {
  return models.get(name)?.versions[0]?.version;
}

function toRequest(values: Values, start: IDeployStart): DeployRequest {
  return {
    name: start.endpoint ?? String(values.name),
    model: `${values.model}:${values.version}`,
    size: String(values.size),
    requirements: parseRequirements(String(values.requirements)),
    script: String(values.script),
  };
}
