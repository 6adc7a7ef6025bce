import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ILive } from '../api/tokens';
import { modelyardIcon } from '../ui/icons';
import { loadTexts, TranslationProvider } from '../ui/translation';
import { SidebarPanel } from './panel';
import { Sections, StoredSectionState } from './sections';
import { ISidebar } from './tokens';

const PANEL = 'modelyard-sidebar';
const CATEGORY = 'Modelyard';

/** The Modelyard panel in the left area. */
export const sidebarPlugin: JupyterFrontEndPlugin<ISidebar> = {
  id: '@modelyard/lab:plugin',
  description: 'The Modelyard panel, to which each domain adds its section.',
  autoStart: true,
  requires: [ILive],
  optional: [ILayoutRestorer, ILabShell, ICommandPalette, IStateDB, ITranslator],
  provides: ISidebar,
  activate: (
    app: JupyterFrontEnd,
    live: ILive,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    palette: ICommandPalette | null,
    stateDb: IStateDB | null,
    translator: ITranslator | null,
  ): ISidebar => {
    const trans = loadTexts(translator);
    // States, wherever they are shown, lose their colour while nobody knows whether they hold.
    live.connectedChanged.connect((_, connected) =>
      document.body.classList.toggle('myd-mod-disconnected', !connected),
    );
    const sections = new Sections();
    const state = new StoredSectionState(stateDb);
    const { commands, shell } = app;

    commands.addCommand('modelyard:open', {
      label: trans.__('Show Modelyard'),
      caption: trans.__('Show the Modelyard panel'),
      icon: modelyardIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => shell.activateById(PANEL),
    });
    commands.addCommand('modelyard:refresh', {
      label: trans.__('Refresh Modelyard'),
      caption: trans.__('Fetch again what the Modelyard panel shows'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => live.refresh(),
    });
    ['modelyard:open', 'modelyard:refresh'].forEach(command =>
      palette?.addItem({ command, category: CATEGORY }),
    );

    // The panel waits for what was folded last time: sections must not flash open.
    const ready = state.load();
    const Root = React.lazy(async () => {
      await ready;
      return { default: SidebarPanel };
    });
    const panel = ReactWidget.create(
      <TranslationProvider value={trans}>
        <React.Suspense fallback={null}>
          <Root
            sections={sections}
            state={state}
            live={live}
            refresh={() => void commands.execute('modelyard:refresh')}
          />
        </React.Suspense>
      </TranslationProvider>,
    );
    panel.id = PANEL;
    panel.addClass('myd-sidebar');
    panel.title.icon = modelyardIcon;
    panel.title.caption = trans.__('Modelyard');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('Modelyard'));
    (labShell ?? shell).add(panel, 'left', { rank: 150 });
    restorer?.add(panel, PANEL);
    // Who opens a workspace for the first time meets Modelyard; later, what was left open counts.
    void Promise.all([labShell?.restored, app.restored]).then(([layout]) => {
      if (layout?.fresh) {
        shell.activateById(PANEL);
      }
    });
    return sections;
  },
};
