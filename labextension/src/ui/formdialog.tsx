import { Dialog } from '@jupyterlab/apputils';
import { caretDownIcon, caretRightIcon, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ProgressLine } from './feedback';
import { Field, FieldView } from './fields';
import { FormModel, FormOptions } from './formmodel';
import { useSignal } from './hooks';
import { useTrans } from './translation';

function FormView<R>(props: { model: FormModel<R>; options: FormOptions<R> }): React.ReactElement {
  const { model, options } = props;
  const trans = useTrans();
  useSignal(model.changed);
  const [more, setMore] = React.useState(false);
  const advanced = options.fields.filter(field => field.advanced);
  // A refused field that is folded away would leave the user without a reason.
  const open = more || advanced.some(field => model.problem(field.name));
  const view = (field: Field): React.ReactElement => (
    <FieldView
      key={field.name}
      field={field}
      values={model.values}
      error={model.problem(field.name)}
      onChange={value => model.set(field.name, value)}
      onBlur={() => model.touch(field.name)}
    />
  );
  const caret = open ? caretDownIcon : caretRightIcon;
  return (
    <div className="myd-form">
      {options.intro && <div className="myd-form-intro">{options.intro}</div>}
      {options.fields.filter(field => !field.advanced).map(view)}
      {advanced.length > 0 && (
        <button
          type="button"
          className="myd-form-more"
          aria-expanded={open}
          onClick={() => setMore(!more)}
        >
          <caret.react tag="span" className="myd-icon" />
          {trans.__('More options')}
        </button>
      )}
      {open && advanced.map(view)}
      <div className="myd-form-foot" aria-live="assertive">
        {model.busy && <ProgressLine />}
        {model.refusal && (
          <div className="myd-field-error">
            {model.refusal.message} {model.refusal.hint}
          </div>
        )}
      </div>
    </div>
  );
}

/** A dialog that stays open until what it sends was accepted. */
class FormDialog<R> extends Dialog<unknown> {
  constructor(
    private readonly _model: FormModel<R>,
    options: FormOptions<R>,
  ) {
    super({
      title: options.title,
      body: ReactWidget.create(<FormView model={_model} options={options} />),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: options.action })],
      focusNodeSelector: 'input, textarea, select',
    });
    this.addClass('myd-form-dialog');
    const accept = this.node.querySelector<HTMLButtonElement>('button.jp-mod-accept');
    _model.changed.connect(() => accept?.toggleAttribute('disabled', _model.busy));
  }

  /** What was answered; undefined when the dialog was cancelled. */
  outcome: { result: R } | undefined;

  override resolve(index = 1): void {
    if (index !== 1) {
      super.resolve(index);
      return;
    }
    void this._model.submit().then(outcome => {
      if (outcome) {
        this.outcome = outcome;
        super.resolve(1);
      } else {
        this.node.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
      }
    });
  }
}

/**
 * Ask for values and send them.
 *
 * @returns what `submit` returned, or null when the user cancelled.
 */
export async function formDialog<R>(options: FormOptions<R>): Promise<R | null> {
  const dialog = new FormDialog(new FormModel(options), options);
  await dialog.launch();
  return dialog.outcome ? dialog.outcome.result : null;
}
