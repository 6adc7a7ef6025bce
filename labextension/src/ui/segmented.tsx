import * as React from 'react';

export interface SegmentedProps<V extends string> {
  /** Read aloud: 'X axis'. */
  label: string;
  value: V;
  options: readonly { value: V; label: string }[];
  onChange: (value: V) => void;
}

/** Two or three choices side by side, one of which is on. */
export function Segmented<V extends string>(props: SegmentedProps<V>): React.ReactElement {
  const { label, value, options, onChange } = props;
  return (
    <span className="myd-segmented" role="group" aria-label={label}>
      {options.map(option => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </span>
  );
}
