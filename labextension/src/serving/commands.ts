import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import type { Collection } from '../api/collection';
import type { Model } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { endpointIcon, trashIcon } from '../ui/icons';
import { attempt, notifyError, notifySuccess } from '../ui/notify';
import { deployDialog } from './deployDialog';
import { modelRef, ServingModel } from './model';
import { scoreUrl } from './snippets';
import { CommandIDs } from './tokens';

/** What the commands act on. */
export interface IServingParts {
  commands: CommandRegistry;
  model: ServingModel;
  /** Registered models, to choose what to deploy. */
  models: Collection<Model>;
  trans: TranslationBundle;
}

/** Add the commands that change endpoints. The one that opens pages is the plugin's. */
export function addServingCommands(parts: IServingParts): void {
  const { commands, model, trans } = parts;
  commands.addCommand(CommandIDs.deploy, {
    label: args => (args.endpoint ? trans.__('Update Endpoint…') : trans.__('Deploy Model…')),
    icon: endpointIcon,
    execute: async args => {
      const endpoint = await attempt(() =>
        deployDialog(parts, {
          model: typeof args.model === 'string' ? args.model : null,
          version: typeof args.version === 'number' ? args.version : null,
          endpoint: typeof args.endpoint === 'string' ? args.endpoint : null,
        }),
      );
      if (endpoint) {
        await commands.execute(CommandIDs.open, { name: endpoint.name });
      }
    },
  });
  commands.addCommand(CommandIDs.copyUrl, {
    label: trans.__('Copy Endpoint URL'),
    icon: copyIcon,
    execute: async args => {
      await model.endpoints.ready();
      const endpoint = model.endpoints.get(String(args.name));
      if (endpoint) {
        Clipboard.copyToSystem(scoreUrl(endpoint.url));
        notifySuccess(trans.__('Copied the URL of “%1”.', endpoint.name));
      }
    },
  });
  commands.addCommand(CommandIDs.deleteEndpoint, {
    label: trans.__('Delete Endpoint'),
    icon: trashIcon,
    execute: args => deleteEndpoint(String(args.name), parts),
  });
}

async function deleteEndpoint(name: string, { model, trans }: IServingParts): Promise<void> {
  await model.endpoints.ready();
  const current = model.endpoints.get(name)?.current;
  const { accepted } = await confirmDanger({
    title: trans.__('Delete the endpoint “%1”?', name),
    body: current
      ? trans.__(
          'Its URL stops answering and its keys open nothing any more. The model %1 stays registered.',
          modelRef(current),
        )
      : trans.__('Its URL and its keys are given up.'),
    action: trans.__('Delete'),
  });
  if (!accepted) {
    return;
  }
  try {
    await model.delete(name);
  } catch (error) {
    notifyError(error);
  }
}
