import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from './buttons';
import { useTrans } from './translation';

export interface SearchBoxProps {
  value: string;
  onChange: (value: string) => void;
  placeholder: string;
  label?: string;
  autoFocus?: boolean;
  /** Called on Escape in an empty box. */
  onClose?: () => void;
}

/** A text field that filters what is below it. Escape empties it. */
export function SearchBox(props: SearchBoxProps): React.ReactElement {
  const { value, onChange, placeholder, label, autoFocus, onClose } = props;
  const trans = useTrans();
  const input = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    if (autoFocus) {
      input.current?.focus();
    }
  }, [autoFocus]);
  return (
    <div className="myd-search">
      <searchIcon.react tag="span" className="myd-icon" />
      <input
        ref={input}
        type="text"
        role="searchbox"
        value={value}
        placeholder={placeholder}
        aria-label={label ?? placeholder}
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            if (value) {
              onChange('');
            } else {
              onClose?.();
            }
          }
        }}
      />
      {value && (
        <IconButton icon={closeIcon} label={trans.__('Clear')} onClick={() => onChange('')} />
      )}
    </div>
  );
}

/** Whether each word of the query occurs in one of the texts; case does not matter. */
export function matches(query: string, ...texts: (string | undefined | null)[]): boolean {
  const all = texts.join('\n').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => all.includes(word));
}
