import * as React from 'react';

export interface Tab {
  id: string;
  title: string;
  count?: number;
  /** Rendered while the tab is chosen. */
  content: () => React.ReactNode;
}

export interface TabsProps {
  tabs: Tab[];
  label: string;
  /** Chosen at first; without it, the first. */
  initial?: string;
  onChange?: (id: string) => void;
}

/** Tabs; arrow keys move between them. */
export function Tabs({ tabs, label, initial, onChange }: TabsProps): React.ReactElement {
  const [chosen, setChosen] = React.useState(initial ?? tabs[0].id);
  const prefix = React.useId();
  const current = tabs.find(tab => tab.id === chosen) ?? tabs[0];
  const choose = (id: string): void => {
    setChosen(id);
    onChange?.(id);
  };
  const move = (event: React.KeyboardEvent<HTMLElement>): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      const at = tabs.indexOf(current);
      const next = tabs[(at + step + tabs.length) % tabs.length];
      choose(next.id);
      document.getElementById(`${prefix}${next.id}`)?.focus();
    }
  };
  return (
    <div className="myd-tabs">
      <div className="myd-tablist" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${prefix}${tab.id}`}
            type="button"
            role="tab"
            className="myd-tab"
            aria-selected={tab === current}
            aria-controls={`${prefix}panel`}
            tabIndex={tab === current ? 0 : -1}
            onClick={() => choose(tab.id)}
          >
            {tab.title}
            {tab.count !== undefined && <span className="myd-section-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div
        className="myd-tabpanel"
        role="tabpanel"
        id={`${prefix}panel`}
        aria-labelledby={`${prefix}${current.id}`}
      >
        {current.content()}
      </div>
    </div>
  );
}
