import { Dialog } from '@jupyterlab/apputils';
import { caretDownIcon, caretRightIcon, ReactWidget } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { ApiError } from '../api/request';
import { ProgressLine } from './feedback';
import { Field, FieldView, Values } from './fields';
import { useSignal } from './hooks';
import { useTrans } from './translation';

/** What is wrong, by field; '' is the form as a whole. */
export type Problems = Record<string, string>;

export interface FormOptions<R> {
  title: string;
  fields: Field[];
  initial: Values;
  /** The verb on the button: 'Create'. */
  action: string;
  /** Checks while the user types; a field shows its problem once it was touched. */
  validate?: (values: Values) => Problems;
  /** Sends it. What it throws is shown, beside the field that it names if it names one. */
  submit: (values: Values) => Promise<R>;
  /** Text above the fields. */
  intro?: React.ReactNode;
  /** Called when a value changed, to set others that follow from it. */
  derive?: (values: Values, changed: string) => Values;
}

/** The state of a form, apart from how it looks. */
export class FormModel<R> {
  constructor(private readonly _options: FormOptions<R>) {
    this.values = { ..._options.initial };
  }

  values: Values;
  busy = false;
  readonly changed = new Signal<this, void>(this);

  /** The problem to show at a field now. */
  problem(name: string): string {
    if (this._refused[name]) {
      return this._refused[name];
    }
    const touched = this._touched.has(name) || this._tried;
    return touched ? (this._options.validate?.(this.values)[name] ?? '') : '';
  }

  /** The problem of the form as a whole, and what to do about it. */
  get refusal(): ApiError | null {
    return this._refusal;
  }

  set(name: string, value: unknown): void {
    this.values = { ...this.values, [name]: value };
    this.values = this._options.derive?.(this.values, name) ?? this.values;
    this._touched.add(name);
    delete this._refused[name];
    this._refusal = null;
    this.changed.emit();
  }

  touch(name: string): void {
    this._touched.add(name);
    this.changed.emit();
  }

  /** Validate and send; undefined when that failed (the reason is shown). */
  async submit(): Promise<{ result: R } | undefined> {
    this._tried = true;
    const problems = Object.values(this._options.validate?.(this.values) ?? {});
    if (this.busy || problems.some(Boolean)) {
      this.changed.emit();
      return undefined;
    }
    this.busy = true;
    this.changed.emit();
    try {
      return { result: await this._options.submit(this.values) };
    } catch (thrown) {
      this._refuse(ApiError.from(thrown));
      return undefined;
    } finally {
      this.busy = false;
      this.changed.emit();
    }
  }

  private _refuse(error: ApiError): void {
    if (this._options.fields.some(field => field.name === error.field)) {
      this._refused = { [error.field]: [error.message, error.hint].filter(Boolean).join(' ') };
    } else {
      this._refusal = error;
    }
  }

  private readonly _touched = new Set<string>();
  private _tried = false;
  private _refused: Problems = {};
  private _refusal: ApiError | null = null;
}

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
