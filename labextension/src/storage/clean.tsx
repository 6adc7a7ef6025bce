import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { StorageFreed, StorageItem } from '../api/schema';
import { EmptyState, ErrorState, ProgressLine, Skeleton } from '../ui/feedback';
import { formatBytes, relativeTime } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { notifySuccess } from '../ui/notify';
import { TranslationProvider, useTrans } from '../ui/translation';
import { Cleaning, keptOf } from './cleaning';
import type { StorageModel } from './model';

interface CleanViewProps {
  cleaning: Cleaning;
  model: StorageModel;
}

/** What goes, with sizes, before it goes; what stayed, and why, after. */
function CleanView({ cleaning, model }: CleanViewProps): React.ReactElement {
  const trans = useTrans();
  useSignal(cleaning.changed, model.changed);
  const { found, error, busy, done } = cleaning;
  if (done) {
    return (
      <div className="myd-clean">
        <p>{trans.__('%1 were freed. Some things stayed:', formatBytes(done.bytes))}</p>
        <Items items={keptOf(done)} />
      </div>
    );
  }
  if (found === null) {
    return error ? (
      <ErrorState error={error} retry={() => void cleaning.load()} />
    ) : (
      <Skeleton rows={4} />
    );
  }
  if (found.length === 0) {
    return (
      <EmptyState>
        {trans.__('There is nothing to clean: all that is there is in use, or was just now.')}
      </EmptyState>
    );
  }
  return (
    <div className="myd-clean">
      <p className="myd-muted">
        {trans.__('This cannot be undone. What somebody needs again meanwhile stays.')}
      </p>
      {found.map(part => (
        <Choice key={part.kind} part={part} cleaning={cleaning} />
      ))}
      <div aria-live="assertive">
        {busy && <ProgressLine progress={model.usage?.cleaning} label={trans.__('Removing')} />}
        {error && <ErrorState error={error} />}
      </div>
    </div>
  );
}

function Choice(props: { part: StorageFreed; cleaning: Cleaning }): React.ReactElement {
  const { part, cleaning } = props;
  const trans = useTrans();
  const more = part.count - part.items.length;
  return (
    <div className="myd-clean-kind">
      <label className="myd-clean-choice">
        <input
          type="checkbox"
          checked={cleaning.isChosen(part.kind)}
          disabled={cleaning.busy}
          onChange={event => cleaning.choose(part.kind, event.target.checked)}
        />
        <span className="myd-clean-title">{part.title}</span>
        <span className="myd-clean-size">{formatBytes(part.bytes)}</span>
      </label>
      <details>
        <summary>{trans._n('%1 thing', '%1 things', part.count)}</summary>
        <Items items={part.items} />
        {more > 0 && <p className="myd-muted">{trans.__('… and %1 smaller ones', more)}</p>}
      </details>
    </div>
  );
}

function Items({ items }: { items: readonly StorageItem[] }): React.ReactElement {
  return (
    <ul className="myd-clean-items">
      {items.map(item => (
        <li key={item.name} title={[item.name, item.why].filter(Boolean).join('\n')}>
          <span className="myd-clean-name">{item.name}</span>
          <span className="myd-muted">{relativeTime(item.used) || item.why}</span>
          <span className="myd-clean-size">{formatBytes(item.bytes)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Stays open while things are removed, and afterwards if some of them stayed. */
class CleanDialog extends Dialog<unknown> {
  constructor(
    private readonly _cleaning: Cleaning,
    model: StorageModel,
    private readonly _trans: TranslationBundle,
  ) {
    super({
      title: _trans.__('Clean up storage'),
      body: ReactWidget.create(
        <TranslationProvider value={_trans}>
          <CleanView cleaning={_cleaning} model={model} />
        </TranslationProvider>,
      ),
      buttons: [
        Dialog.cancelButton({ label: _trans.__('Close') }),
        Dialog.warnButton({ label: _trans.__('Remove') }),
      ],
      defaultButton: 0,
    });
    this.addClass('myd-clean-dialog');
    _cleaning.changed.connect(this._update, this);
    this._update();
  }

  override dispose(): void {
    this._cleaning.dispose();
    super.dispose();
  }

  override resolve(index = 0): void {
    if (index !== 1) {
      super.resolve(index);
      return;
    }
    void this._cleaning.submit().then(() => {
      const { done } = this._cleaning;
      if (done && keptOf(done).length === 0) {
        notifySuccess(this._trans.__('%1 were freed.', formatBytes(done.bytes)));
        super.resolve(1);
      }
    });
  }

  private _update(): void {
    const button = this.node.querySelector<HTMLButtonElement>('button.jp-mod-warn');
    const label = button?.querySelector('.jp-Dialog-buttonLabel');
    button?.toggleAttribute('disabled', !this._cleaning.ready);
    if (label) {
      label.textContent = this._cleaning.bytes
        ? this._trans.__('Remove %1', formatBytes(this._cleaning.bytes))
        : this._trans.__('Remove');
    }
  }
}

/** Show what can go, and remove what is chosen of it. */
export async function cleanDialog(
  cleaning: Cleaning,
  model: StorageModel,
  trans: TranslationBundle,
): Promise<void> {
  await new CleanDialog(cleaning, model, trans).launch();
}
