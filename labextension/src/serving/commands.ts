import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';

import type { Collection } from '../api/collection';
import type { Model } from '../api/schema';
import { confirmDanger } from '../ui/confirm';
import { endpointIcon, trashIcon } from '../ui/icons';
import { contextId } from '../ui/list';
import { attempt, notifySuccess } from '../ui/notify';
import { addObjectCommand, CommandHost, textArgument } from '../ui/objectcommands';
import { deployDialog } from './deployDialog';
import type { IDeployStart } from './deployForm';
import { modelRef, ServingModel } from './model';
import { scoreUrl } from './snippets';
import { CommandIDs } from './tokens';

/** What the commands act on. */
export interface IServingParts extends CommandHost {
  model: ServingModel;
  /** Registered models, to choose what to deploy. */
  models: Collection<Model>;
  trans: TranslationBundle;
  /** Name of the endpoint whose page is in front. */
  current: () => string | null;
}

/** Add the commands that change endpoints. The one that opens pages is the plugin's. */
export function addServingCommands(parts: IServingParts): void {
  const { app, palette, trans, current } = parts;
  app.commands.addCommand(CommandIDs.deploy, {
    label: trans.__('Deploy Model…'),
    icon: endpointIcon,
    execute: args => {
      const row = args.isContextMenu
        ? contextId(test => app.contextMenuHitTest(test), 'model-version')
        : undefined;
      const [name, number] = row?.split(':') ?? [];
      const start = {
        model: typeof args.model === 'string' ? args.model : (name ?? null),
        version: typeof args.version === 'number' ? args.version : number ? Number(number) : null,
        endpoint: null,
      };
      return attempt(() => deploy(parts, start));
    },
  });
  palette?.addItem({
    command: CommandIDs.deploy,
    category: 'Modelyard',
    args: { isPalette: true },
  });
  const endpoint = { kind: 'endpoint', fromArgs: textArgument('name'), current };
  addObjectCommand(parts, {
    ...endpoint,
    id: CommandIDs.update,
    label: trans.__('Update Endpoint…'),
    icon: endpointIcon,
    rank: 10,
    run: name => deploy(parts, { model: null, version: null, endpoint: name }),
  });
  addObjectCommand(parts, {
    ...endpoint,
    id: CommandIDs.copyUrl,
    label: trans.__('Copy Endpoint URL'),
    icon: copyIcon,
    rank: 15,
    run: name => copyUrl(name, parts),
  });
  addObjectCommand(parts, {
    ...endpoint,
    id: CommandIDs.deleteEndpoint,
    label: trans.__('Delete Endpoint'),
    icon: trashIcon,
    rank: 20,
    run: name => deleteEndpoint(name, parts),
  });
}

async function deploy(parts: IServingParts, start: IDeployStart): Promise<void> {
  const endpoint = await deployDialog(parts, start);
  if (endpoint) {
    await parts.app.commands.execute(CommandIDs.open, { name: endpoint.name });
  }
}

async function copyUrl(name: string, { model, trans }: IServingParts): Promise<void> {
  await model.endpoints.ready();
  const endpoint = model.find(name);
  if (endpoint) {
    Clipboard.copyToSystem(scoreUrl(endpoint.url));
    notifySuccess(trans.__('Copied the URL of “%1”.', name));
  }
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
  if (accepted) {
    await model.delete(name);
  }
}
