import { closeIcon, editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton, TextButton } from './buttons';
import { asInfo } from './feedback';
import { useTrans } from './translation';

export interface InlineEditProps {
  value: string;
  /** Read aloud, and the tooltip of the pencil: 'Edit the name'. */
  label: string;
  /** Sends it; what it throws is shown below the field. */
  onSave: (value: string) => Promise<unknown>;
  placeholder?: string;
  /** A note of several lines: Ctrl+Enter saves. */
  multiline?: boolean;
  /** How the value is shown while it is not edited; without it, as text. */
  display?: React.ReactNode;
}

/**
 * A text that is edited where it stands: the pencil, a double click, or a click where nothing
 * stands yet; then Enter saves and Escape cancels.
 */
export function InlineEdit(props: InlineEditProps): React.ReactElement {
  const { value, label, placeholder, multiline, display } = props;
  const [editing, setEditing] = React.useState(false);
  if (editing) {
    return <Editor {...props} onDone={() => setEditing(false)} />;
  }
  return (
    <span className={`myd-inline${multiline ? ' myd-mod-multiline' : ''}`}>
      <span className="myd-inline-value" title={value} onDoubleClick={() => setEditing(true)}>
        {value ? (
          (display ?? value)
        ) : (
          <span className="myd-inline-empty" onClick={() => setEditing(true)}>
            {placeholder}
          </span>
        )}
      </span>
      <IconButton icon={editIcon} label={label} onClick={() => setEditing(true)} />
    </span>
  );
}

function Editor(props: InlineEditProps & { onDone: () => void }): React.ReactElement {
  const { value, label, placeholder, multiline, onSave, onDone } = props;
  const trans = useTrans();
  const [draft, setDraft] = React.useState(value);
  const [busy, setBusy] = React.useState(false);
  const [error, setError] = React.useState('');
  const input = React.useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  React.useEffect(() => input.current?.select(), []);
  const save = async (): Promise<void> => {
    if (draft === value) {
      onDone();
      return;
    }
    setBusy(true);
    try {
      await onSave(draft);
      onDone();
    } catch (thrown) {
      const { message, hint } = asInfo(thrown);
      setError(`${message} ${hint}`.trim());
      setBusy(false);
      input.current?.focus();
    }
  };
  const keyDown = (event: React.KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      onDone();
    } else if (event.key === 'Enter' && (!multiline || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void save();
    }
  };
  const shared = {
    ref: input,
    className: 'jp-mod-styled',
    value: draft,
    placeholder,
    'aria-label': label,
    'aria-invalid': Boolean(error),
    readOnly: busy,
    autoFocus: true,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      setDraft(event.target.value),
    onKeyDown: keyDown,
  };
  return (
    <span className={`myd-inline myd-mod-editing${multiline ? ' myd-mod-multiline' : ''}`}>
      {multiline ? (
        <textarea {...shared} rows={5} />
      ) : (
        <input {...shared} type="text" onBlur={() => !busy && !error && void save()} />
      )}
      {multiline && (
        <span className="myd-inline-buttons">
          <TextButton kind="accept" onClick={save}>
            {trans.__('Save')}
          </TextButton>
          <TextButton onClick={onDone}>{trans.__('Cancel')}</TextButton>
        </span>
      )}
      {error && (
        <span className="myd-field-error" role="alert">
          {error}
        </span>
      )}
    </span>
  );
}

export interface TagsProps {
  tags: Record<string, string>;
  /** Sends changes: null removes a tag. Without it, the tags cannot be edited. */
  onSave?: (changes: Record<string, string | null>) => Promise<unknown>;
}

/** Tags as chips: a cross removes one, the field at the end adds `key=value`. */
export function Tags({ tags, onSave }: TagsProps): React.ReactElement {
  const trans = useTrans();
  const [draft, setDraft] = React.useState('');
  const [error, setError] = React.useState('');
  const send = async (changes: Record<string, string | null>): Promise<void> => {
    try {
      await onSave?.(changes);
      setDraft('');
      setError('');
    } catch (thrown) {
      setError(asInfo(thrown).message);
    }
  };
  const add = (): void => {
    const [key, ...rest] = draft.split('=');
    if (key.trim()) {
      void send({ [key.trim()]: rest.join('=').trim() });
    }
  };
  return (
    <span className="myd-tags">
      {Object.entries(tags).map(([key, value]) => (
        <span key={key} className="myd-tag" title={value ? `${key}=${value}` : key}>
          <span className="myd-tag-text">{value ? `${key}=${value}` : key}</span>
          {onSave && (
            <IconButton
              icon={closeIcon}
              label={trans.__('Remove the tag %1', key)}
              onClick={() => void send({ [key]: null })}
            />
          )}
        </span>
      ))}
      {onSave && (
        <input
          type="text"
          className="myd-tag-input"
          value={draft}
          placeholder={trans.__('Add tag: key=value')}
          aria-label={trans.__('Add a tag')}
          aria-invalid={Boolean(error)}
          onChange={event => setDraft(event.target.value)}
          onKeyDown={event => {
            event.stopPropagation();
            if (event.key === 'Enter') {
              add();
            } else if (event.key === 'Escape') {
              setDraft('');
            }
          }}
        />
      )}
      {error && (
        <span className="myd-field-error" role="alert">
          {error}
        </span>
      )}
    </span>
  );
}
