import * as React from 'react';

export interface KeyValuesProps {
  /** Pairs; one with a null or empty value is left out. */
  items: [label: string, value: React.ReactNode][];
  label?: string;
}

/** Properties of an object, a line each. */
export function KeyValues({ items, label }: KeyValuesProps): React.ReactElement {
  const shown = items.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return (
    <dl className="myd-keyvalues" aria-label={label}>
      {shown.map(([name, value]) => (
        <React.Fragment key={name}>
          <dt title={name}>{name}</dt>
          <dd title={typeof value === 'string' ? value : undefined}>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
