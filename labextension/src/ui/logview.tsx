import * as React from 'react';

export interface LogViewProps {
  /** Read aloud: 'Output of the run'. */
  label: string;
  /** What stands above it, at the left. */
  tools: React.ReactNode;
  /** Where it can be had as a file: a link at the right. */
  download: React.ReactNode;
  /** The part that scrolls. */
  scroller: React.RefObject<HTMLDivElement>;
  onScroll?: (event: React.UIEvent<HTMLDivElement>) => void;
  children: React.ReactNode;
}

/** A log that fills its page. */
export function LogView(props: LogViewProps): React.ReactElement {
  const { label, tools, download, scroller, onScroll, children } = props;
  return (
    <div className="myd-logview">
      <div className="myd-toolbar">
        {tools}
        <span className="myd-spacer" />
        {download}
      </div>
      <div
        ref={scroller}
        className="myd-logview-text"
        role="log"
        aria-label={label}
        tabIndex={0}
        onScroll={onScroll}
      >
        {children}
      </div>
    </div>
  );
}
