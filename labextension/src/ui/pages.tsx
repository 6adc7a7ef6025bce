import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ErrorState, Skeleton } from './feedback';
import { TranslationProvider } from './translation';

/** What a page may do to the tab that it is in. */
export interface PageTab {
  /** Name the tab. */
  setTitle(title: string): void;
  /** Close the tab: its object is gone. */
  close(): void;
}

export interface PagesOptions {
  app: JupyterFrontEnd;
  restorer: ILayoutRestorer | null;
  trans: TranslationBundle;
  /** What the pages show: 'run'. One tracker, one widget id for each object. */
  kind: string;
  /** The command that opens a page; `argument` is the name of the id in its arguments. */
  command: string;
  argument: string;
  icon: LabIcon;
  /** Title of the tab until the page sets another. */
  title: (id: string) => string;
  /** The page; put heavy ones behind `React.lazy`. */
  render: (id: string, tab: PageTab) => React.ReactElement;
}

/** The pages of one kind of object: one for each id, restored on reload. */
export class Pages {
  constructor(private readonly _options: PagesOptions) {
    const { restorer, kind, command, argument } = _options;
    this._tracker = new WidgetTracker<MainAreaWidget>({ namespace: `modelyard-${kind}` });
    void restorer?.restore(this._tracker, {
      command,
      args: widget => ({ [argument]: idOf(widget) }),
      name: widget => idOf(widget),
    });
  }

  /** Show the page of an object; a new one is made when there is none. */
  open(id: string): MainAreaWidget {
    const { app } = this._options;
    const found = this._tracker.find(widget => idOf(widget) === id);
    const widget = found ?? this._create(id);
    if (!widget.isAttached) {
      app.shell.add(widget, 'main');
    }
    app.shell.activateById(widget.id);
    return widget;
  }

  /** The id of the object whose page is in front, null when another widget is. */
  get current(): string | null {
    const { app } = this._options;
    const widget = this._tracker.currentWidget;
    return widget && widget === app.shell.currentWidget ? idOf(widget) : null;
  }

  private _create(id: string): MainAreaWidget {
    const { kind, icon, title, render, trans } = this._options;
    const tab: PageTab = {
      setTitle: text => {
        widget.title.label = text;
        widget.title.caption = text;
      },
      close: () => widget.dispose(),
    };
    const content = ReactWidget.create(
      <TranslationProvider value={trans}>
        <PageBoundary>
          <React.Suspense fallback={<Skeleton rows={8} />}>{render(id, tab)}</React.Suspense>
        </PageBoundary>
      </TranslationProvider>,
    );
    content.addClass('myd-page');
    const widget = new MainAreaWidget({ content });
    widget.toolbar.hide(); // an empty one is a stripe above the page
    widget.id = `modelyard-${kind}-${id}`;
    widget.node.dataset.mydPage = id;
    widget.node.dataset.testid = `myd-page-${kind}`;
    widget.title.icon = icon;
    widget.title.closable = true;
    tab.setTitle(title(id));
    void this._tracker.add(widget);
    return widget;
  }

  private readonly _tracker: WidgetTracker<MainAreaWidget>;
}

function idOf(widget: MainAreaWidget): string {
  return widget.node.dataset.mydPage ?? '';
}

/** Shows what a page threw instead of an empty tab. */
class PageBoundary extends React.Component<React.PropsWithChildren, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): React.ReactNode {
    if (this.state.error === null) {
      return this.props.children;
    }
    return <ErrorState error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
