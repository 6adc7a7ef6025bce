import { caretDownIcon, caretRightIcon, LabIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from './buttons';
import { SearchBox } from './search';
import { useTrans } from './translation';

/** What is unfolded; the sidebar provides one that survives a reload. */
export interface SectionState {
  /** @param initial before anybody touched it. */
  isOpen(id: string, initial: boolean): boolean;
  setOpen(id: string, open: boolean, initial: boolean): void;
}

const opened = new Map<string, boolean>();

/** Holds the state of sections that nobody keeps. */
const transient: SectionState = {
  isOpen: (id, initial) => opened.get(id) ?? initial,
  setOpen: (id, open) => void opened.set(id, open),
};

const Context = React.createContext<SectionState>(transient);

export const SectionStateProvider = Context.Provider;

/**
 * Whether something of the sidebar is unfolded, and what folds or unfolds it.
 *
 * @param id stable: it is kept under it.
 */
export function useFold(id: string, initial: boolean): [boolean, () => void] {
  const state = React.useContext(Context);
  const [open, setOpen] = React.useState(() => state.isOpen(id, initial));
  const toggle = (): void => {
    state.setOpen(id, !open, initial);
    setOpen(!open);
  };
  return [open, toggle];
}

export interface SectionAction {
  icon: LabIcon;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  pressed?: boolean;
}

export interface SectionProps {
  /** Stable: the open state is kept under it. */
  id: string;
  title: string;
  /** Shown beside the title; null while unknown. */
  count?: number | null;
  /** Buttons in the header. */
  actions?: SectionAction[];
  /** With it, a magnifier in the header opens a search box. */
  search?: { value: string; onChange: (value: string) => void; placeholder: string };
  children: React.ReactNode;
}

/** A part of the sidebar that folds. Its content is not even built while it is folded. */
export function Section(props: SectionProps): React.ReactElement {
  const { id, title, count, actions = [], search, children } = props;
  const trans = useTrans();
  const [open, toggle] = useFold(id, true);
  const [searching, setSearching] = React.useState(() => Boolean(search?.value));
  const toggleSearch = (): void => {
    if (searching) {
      search?.onChange('');
    } else if (!open) {
      toggle();
    }
    setSearching(!searching);
  };
  const caret = open ? caretDownIcon : caretRightIcon;
  const heading = `myd-section-title-${id}`;
  return (
    <section className="myd-section" aria-labelledby={heading} data-testid={`myd-section-${id}`}>
      <div className="myd-section-header">
        <button
          type="button"
          className="myd-section-toggle"
          aria-expanded={open}
          aria-controls={`myd-section-body-${id}`}
          onClick={toggle}
        >
          <caret.react tag="span" className="myd-icon" />
          <span id={heading} className="myd-section-title" title={title}>
            {title}
          </span>
          {typeof count === 'number' && <span className="myd-section-count">{count}</span>}
        </button>
        <div className="myd-section-actions">
          {search && (
            <IconButton
              icon={searchIcon}
              label={trans.__('Search %1', title)}
              pressed={searching}
              onClick={toggleSearch}
            />
          )}
          {actions.map(action => (
            <IconButton key={action.label} {...action} />
          ))}
        </div>
      </div>
      {open && (
        <div className="myd-section-body" id={`myd-section-body-${id}`}>
          {search && searching && (
            <SearchBox {...search} autoFocus onClose={toggleSearch} label={search.placeholder} />
          )}
          {children}
        </div>
      )}
    </section>
  );
}
