import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import * as React from 'react';

import { ILive } from '../api/tokens';
import { ISidebar } from '../sidebar/tokens';
import { galleryIcon } from '../ui/icons';
import { attempt } from '../ui/notify';
import { loadTexts } from '../ui/translation';
import { GalleryModel } from './model';
import { GallerySection } from './section';
import { CommandIDs } from './tokens';

const CATEGORY = 'Modelyard';
const SETTINGS = '@modelyard/lab:plugin';

/** Notebook templates: a section in the panel and cards in the launcher. */
export const galleryPlugin: JupyterFrontEndPlugin<void> = {
  id: '@modelyard/lab:gallery',
  description: 'Notebook templates, a click away: in the Modelyard panel and in the launcher.',
  autoStart: true,
  requires: [ILive, ISidebar],
  optional: [ILauncher, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    sidebar: ISidebar,
    launcher: ILauncher | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
  ): void => {
    const trans = loadTexts(translator);
    const model = new GalleryModel(live);
    addCommand(app, model, trans);
    sidebar.addSection({
      id: 'gallery',
      title: trans.__('Gallery'),
      rank: 90,
      icon: galleryIcon,
      Component: () => <GallerySection model={model} commands={app.commands} />,
    });
    if (launcher) {
      void app.restored.then(() => addCards(launcher, model, settings));
    }
  },
};

function addCommand(app: JupyterFrontEnd, model: GalleryModel, trans: TranslationBundle): void {
  app.commands.addCommand(CommandIDs.open, {
    label: args => model.templates.get(String(args.name))?.title ?? trans.__('Open Template'),
    caption: args =>
      model.templates.get(String(args.name))?.description ??
      trans.__('Open a copy of a notebook template'),
    icon: galleryIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { name: { type: 'string', description: trans.__('Name of the template') } },
        required: ['name'],
      },
    },
    execute: args =>
      attempt(async () => {
        const path = await model.copy(String(args.name));
        return app.commands.execute('docmanager:open', { path });
      }),
  });
}

/** A card for each template while the user wants them. */
async function addCards(
  launcher: ILauncher,
  model: GalleryModel,
  registry: ISettingRegistry | null,
): Promise<void> {
  const settings = await registry?.load(SETTINGS);
  let cards = new DisposableSet();
  const update = (): void => {
    cards.dispose();
    cards = new DisposableSet();
    if (settings?.get('launcherCards').composite === false) {
      return;
    }
    model.templates.items.forEach((template, rank) =>
      cards.add(
        launcher.add({
          command: CommandIDs.open,
          args: { name: template.name },
          category: CATEGORY,
          rank,
        }),
      ),
    );
  };
  settings?.changed.connect(update);
  model.templates.changed.connect(update);
  await model.templates.ready();
  update();
}
