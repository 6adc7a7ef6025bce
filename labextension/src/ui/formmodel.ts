import { Signal } from '@lumino/signaling';
import type * as React from 'react';

import { ApiError } from '../api/request';
import type { Field, Values } from './fields';

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
