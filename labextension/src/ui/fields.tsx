import { caretDownEmptyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** The values of a form, by the names of its fields. */
export type Values = Record<string, unknown>;

export interface Option {
  value: string;
  label: string;
  /** A second line on a card. */
  description?: string;
  disabled?: boolean;
}

export interface Field {
  name: string;
  label: string;
  kind: 'text' | 'number' | 'textarea' | 'choice' | 'cards' | 'checkbox';
  /** A line below the field. */
  help?: string;
  placeholder?: string;
  /** Of a choice or cards; as a function, of the values so far. */
  options?: Option[] | ((values: Values) => Option[]);
  min?: number;
  max?: number;
  /** Lines of a textarea. */
  rows?: number;
  /** A textarea for code. */
  code?: boolean;
  disabled?: boolean;
  /** It means nothing with the values so far. */
  hidden?: boolean;
  /** Behind "More options". */
  advanced?: boolean;
  /** What of it follows from the values so far. */
  adapt?: (values: Values) => Partial<Pick<Field, 'help' | 'disabled' | 'hidden' | 'max'>>;
  /** Values it offers while the user types. */
  suggestions?: string[];
}

export interface FieldViewProps {
  field: Field;
  values: Values;
  error: string;
  onChange: (value: unknown) => void;
  onBlur: () => void;
}

/** One field with its label, its help or what is wrong with it. */
export function FieldView(props: FieldViewProps): React.ReactElement | null {
  const { values, error } = props;
  const field = { ...props.field, ...props.field.adapt?.(values) };
  const id = React.useId();
  const note = error || field.help;
  const isGroup = field.kind === 'cards';
  const Input = INPUTS[field.kind];
  if (field.hidden) {
    return null;
  }
  return (
    <div className={`myd-field${error ? ' myd-mod-invalid' : ''}`} data-field={field.name}>
      {field.kind !== 'checkbox' && (
        <label id={`${id}label`} htmlFor={isGroup ? undefined : id}>
          {field.label}
        </label>
      )}
      <Input {...props} field={field} id={id} value={values[field.name]} />
      {note && (
        <div
          id={`${id}note`}
          className={error ? 'myd-field-error' : 'myd-field-help'}
          role={error ? 'alert' : undefined}
        >
          {note}
        </div>
      )}
    </div>
  );
}

interface InputProps extends FieldViewProps {
  id: string;
  value: unknown;
}

function shared({ field, id, error }: InputProps): React.AriaAttributes & {
  id: string;
  name: string;
  disabled?: boolean;
} {
  return {
    id,
    name: field.name,
    disabled: field.disabled,
    'aria-invalid': Boolean(error),
    'aria-describedby': error || field.help ? `${id}note` : undefined,
  };
}

function TextInput(props: InputProps): React.ReactElement {
  const { field, id, value, onChange, onBlur } = props;
  const list = field.suggestions?.length ? `${id}list` : undefined;
  return (
    <>
      <input
        {...shared(props)}
        type="text"
        className="jp-mod-styled"
        value={String(value ?? '')}
        placeholder={field.placeholder}
        list={list}
        spellCheck={false}
        autoComplete="off"
        onChange={event => onChange(event.target.value)}
        onBlur={onBlur}
      />
      {list && (
        <datalist id={list}>
          {field.suggestions?.map(suggestion => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </>
  );
}

function NumberInput(props: InputProps): React.ReactElement {
  const { field, value, onChange, onBlur } = props;
  return (
    <input
      {...shared(props)}
      type="number"
      className="jp-mod-styled"
      value={value === null || value === undefined ? '' : String(value)}
      min={field.min}
      max={field.max}
      onChange={event => onChange(event.target.value === '' ? null : Number(event.target.value))}
      onBlur={onBlur}
    />
  );
}

function TextArea(props: InputProps): React.ReactElement {
  const { field, value, onChange, onBlur } = props;
  return (
    <textarea
      {...shared(props)}
      className={`jp-mod-styled${field.code ? ' myd-mod-code' : ''}`}
      value={String(value ?? '')}
      placeholder={field.placeholder}
      rows={field.rows ?? 4}
      spellCheck={!field.code}
      // JupyterLab's dialogs take Enter as "accept": here it is a line.
      onKeyDown={event => event.key === 'Enter' && event.stopPropagation()}
      onChange={event => onChange(event.target.value)}
      onBlur={onBlur}
    />
  );
}

function optionsOf({ field, values }: InputProps): Option[] {
  return typeof field.options === 'function' ? field.options(values) : (field.options ?? []);
}

function Choice(props: InputProps): React.ReactElement {
  const { value, onChange, onBlur } = props;
  return (
    <div className="jp-select-wrapper">
      <select
        {...shared(props)}
        className="jp-mod-styled"
        value={String(value ?? '')}
        onChange={event => onChange(event.target.value)}
        onBlur={onBlur}
      >
        {optionsOf(props).map(option => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <caretDownEmptyIcon.react tag="span" className="myd-icon" />
    </div>
  );
}

function Cards(props: InputProps): React.ReactElement {
  const { field, id, value, onChange } = props;
  return (
    <div className="myd-cards" role="radiogroup" aria-labelledby={`${id}label`}>
      {optionsOf(props).map(option => (
        <label
          key={option.value}
          className={`myd-card${option.value === value ? ' myd-mod-selected' : ''}`}
        >
          <input
            type="radio"
            className="myd-visually-hidden"
            name={`${id}${field.name}`}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled || field.disabled}
            onChange={() => onChange(option.value)}
          />
          <span className="myd-card-title">{option.label}</span>
          {option.description && <span className="myd-card-text">{option.description}</span>}
        </label>
      ))}
    </div>
  );
}

function Checkbox(props: InputProps): React.ReactElement {
  const { field, value, onChange } = props;
  return (
    <label className="myd-checkbox">
      <input
        {...shared(props)}
        type="checkbox"
        checked={Boolean(value)}
        onChange={event => onChange(event.target.checked)}
      />
      {field.label}
    </label>
  );
}

const INPUTS: Record<Field['kind'], (props: InputProps) => React.ReactElement> = {
  text: TextInput,
  number: NumberInput,
  textarea: TextArea,
  choice: Choice,
  cards: Cards,
  checkbox: Checkbox,
};
