import * as React from 'react';

export interface MeterProps {
  label: string;
  /** 0..1; what is beyond is shown as full. Null: not known, so there is no bar. */
  fraction: number | null;
  /** Beside the bar: '1 GiB / 4 GiB'. */
  text: string;
}

/** How much of something is used, as a bar. */
export function Meter({ label, fraction, text }: MeterProps): React.ReactElement {
  if (fraction === null) {
    return (
      <div className="myd-meter">
        <span>{label}</span>
        <span className="myd-meter-text">{text}</span>
      </div>
    );
  }
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100);
  return (
    <div className="myd-meter">
      <span>{label}</span>
      <div
        className={`myd-meter-track${percent >= 90 ? ' myd-mod-full' : ''}`}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={text}
      >
        <div className="myd-meter-bar" style={{ width: `${percent}%` }} />
      </div>
      <span className="myd-meter-text">{text}</span>
    </div>
  );
}
