import { caretDownIcon, caretRightIcon, LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton, TextButton } from './buttons';
import { useTrans } from './translation';

/** Rows at first: what lies in the sections below should not be pages away. */
const FIRST = 20;

/** Rows that "Show more" adds: a sidebar stays fast with thousands. */
const MORE = 100;

export interface ListProps<T> {
  items: readonly T[];
  /** Read aloud: 'Compute instances'. */
  label: string;
  render: (item: T) => React.ReactElement;
}

/** A list of `ListRow`s: arrow keys, Home and End move between them. */
export function List<T>({ items, label, render }: ListProps<T>): React.ReactElement {
  const trans = useTrans();
  const [shown, setShown] = React.useState(FIRST);
  const rest = items.length - shown;
  return (
    <div className="myd-list" role="list" aria-label={label} onKeyDown={moveFocus}>
      {items.slice(0, shown).map(render)}
      {rest > 0 && (
        <div className="myd-list-more" role="listitem">
          <TextButton kind="link" onClick={() => setShown(shown + MORE)}>
            {trans.__('Show %1 more of %2', Math.min(MORE, rest), rest)}
          </TextButton>
        </div>
      )}
    </div>
  );
}

function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.myd-row-main')];
  const at = rows.indexOf(event.target as HTMLElement);
  if (at < 0) {
    return;
  }
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    // Nested lists share the handler of the outermost one: one step, not one for each level.
    event.stopPropagation();
    rows[to]?.focus();
  }
}

export interface RowAction {
  icon: LabIcon;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  /** Why it cannot be done now. */
  reason?: string;
}

export interface ListRowProps {
  /** What it is ('instance', 'run'), for context menus and tests: `data-myd-kind`. */
  kind: string;
  /** Which one: `data-myd-id`. */
  id: string;
  title: string;
  subtitle?: React.ReactNode;
  /** The tooltip; without it, the title. */
  tooltip?: string;
  icon?: LabIcon;
  badge?: React.ReactNode;
  /** Buttons that show on hover and focus. */
  actions?: RowAction[];
  /** Enter, or a click. */
  onOpen?: () => void;
  /** Delete or Backspace. */
  onDelete?: () => void;
  /** With `onToggle`, the row has a caret; arrow right and left open and close it. */
  expanded?: boolean;
  onToggle?: () => void;
  /** Depth in a tree, 0 at the top. */
  level?: number;
  /** Below the row: a progress line, an error, the nested list. */
  children?: React.ReactNode;
}

/** One object in a list of the sidebar. */
export function ListRow(props: ListRowProps): React.ReactElement {
  const { kind, id, title, subtitle, tooltip, icon, badge, actions = [] } = props;
  const { onOpen, onToggle, expanded, level = 0, children } = props;
  const trans = useTrans();
  const Icon = icon?.react;
  const Caret = (expanded ? caretDownIcon : caretRightIcon).react;
  const content = (
    <>
      {Icon && <Icon tag="span" className="myd-icon myd-row-icon" />}
      <span className="myd-row-text" title={tooltip ?? title}>
        <span className="myd-row-title">{title}</span>
        {subtitle && <span className="myd-row-subtitle">{subtitle}</span>}
      </span>
    </>
  );
  const main = {
    className: 'myd-row-main',
    'aria-label': title,
    onKeyDown: (event: React.KeyboardEvent<HTMLElement>) => handleKey(event, props),
  };
  return (
    <div role="listitem" className="myd-item" aria-label={title}>
      {/* The mouse may click anywhere in the row; the keyboard and screen readers meet buttons
          side by side: a button must not hold others. */}
      <div
        className="myd-row"
        data-level={level}
        data-myd-kind={kind}
        data-myd-id={id}
        data-testid={`myd-row-${kind}-${id}`}
        onClick={onOpen ?? onToggle}
      >
        {onToggle && (
          <button
            type="button"
            className="myd-row-caret"
            tabIndex={-1}
            aria-label={expanded ? trans.__('Collapse') : trans.__('Expand')}
            onClick={event => {
              event.stopPropagation();
              onToggle();
            }}
          >
            <Caret tag="span" className="myd-icon" />
          </button>
        )}
        {onOpen || onToggle ? (
          <button type="button" {...main} aria-expanded={onToggle ? Boolean(expanded) : undefined}>
            {content}
          </button>
        ) : (
          <div role="group" tabIndex={0} {...main}>
            {content}
          </div>
        )}
        {badge && <div className="myd-row-badge">{badge}</div>}
        {actions.length > 0 && (
          <div className="myd-row-actions">
            {actions.map(action => (
              <IconButton key={action.label} {...action} />
            ))}
          </div>
        )}
      </div>
      {children}
    </div>
  );
}

function handleKey(event: React.KeyboardEvent<HTMLElement>, props: ListRowProps): void {
  const { onDelete, onToggle, expanded } = props;
  // Enter and the space bar click the button, as in every browser.
  const action = {
    Delete: onDelete,
    Backspace: onDelete,
    ArrowRight: expanded ? undefined : onToggle,
    ArrowLeft: expanded ? onToggle : undefined,
  }[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

/**
 * The id of the row of a kind under a context menu.
 *
 * @param hitTest the application's `contextMenuHitTest`.
 */
export function contextId(
  hitTest: (test: (node: HTMLElement) => boolean) => HTMLElement | undefined,
  kind: string,
): string | undefined {
  return hitTest(node => node.dataset.mydKind === kind)?.dataset.mydId;
}
