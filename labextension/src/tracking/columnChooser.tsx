import * as React from 'react';

import { TextButton } from '../ui/buttons';
import { matches } from '../ui/search';
import { useTrans } from '../ui/translation';
import type { ColumnChoice } from './choice';
import { hideable, IRunColumn } from './columns';

export interface IChooserProps {
  columns: readonly IRunColumn[];
  shown: ReadonlySet<string>;
  choice: ColumnChoice;
}

/** A button that opens a list of columns with a tick each. */
export function ColumnChooser({ columns, shown, choice }: IChooserProps): React.ReactElement {
  const trans = useTrans();
  const [query, setQuery] = React.useState('');
  const details = React.useRef<HTMLDetailsElement>(null);
  useCloseOutside(details);
  const groups = {
    run: trans.__('Run'),
    metric: trans.__('Metrics'),
    param: trans.__('Params'),
  };
  const found = columns.filter(column => hideable(column) && matches(query, column.label));
  return (
    <details ref={details} className="myd-popover">
      <summary className="myd-button myd-button-normal" role="button">
        {trans.__('Columns')}
      </summary>
      <div className="myd-popover-body" role="group" aria-label={trans.__('Columns')}>
        <input
          type="search"
          className="jp-mod-styled"
          placeholder={trans.__('Find columns')}
          aria-label={trans.__('Find columns')}
          value={query}
          onChange={event => setQuery(event.target.value)}
        />
        <div className="myd-popover-list">
          {(['run', 'metric', 'param'] as const).map(group => (
            <Group
              key={group}
              title={groups[group]}
              columns={found.filter(column => column.group === group)}
              shown={shown}
              choice={choice}
            />
          ))}
        </div>
        <TextButton kind="link" onClick={() => choice.reset()}>
          {trans.__('Back to the default')}
        </TextButton>
      </div>
    </details>
  );
}

function Group(props: IChooserProps & { title: string }): React.ReactElement | null {
  const { title, columns, shown, choice } = props;
  if (columns.length === 0) {
    return null;
  }
  return (
    <fieldset className="myd-popover-group">
      <legend>{title}</legend>
      {columns.map(column => (
        <label key={column.id} title={column.label}>
          <input
            type="checkbox"
            checked={shown.has(column.id)}
            onChange={event => choice.set(column.id, event.target.checked)}
          />
          <span className="myd-ellipsis">{column.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Close a `<details>` on a click elsewhere and on Escape, as a menu does. */
function useCloseOutside(ref: React.RefObject<HTMLDetailsElement>): void {
  React.useEffect(() => {
    const close = (event: Event): void => {
      const element = ref.current;
      const escape = event instanceof KeyboardEvent && event.key === 'Escape';
      const outside = event instanceof PointerEvent && !element?.contains(event.target as Node);
      if (element?.open && (escape || outside)) {
        element.open = false;
        if (escape) {
          element.querySelector('summary')?.focus();
        }
      }
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [ref]);
}
