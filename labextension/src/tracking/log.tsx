import * as React from 'react';

import { ErrorState } from '../ui/feedback';
import { useSignal } from '../ui/hooks';
import { useTrans } from '../ui/translation';
import { applyReturns, parseAnsi } from './ansi';
import { artifactUrl } from './api';
import type { LogTail } from './logtail';

/** Where the whole log is among the run's artifacts. */
const LOG_FILE = '.modelyard/log.txt';

/** What the run wrote to stdout and stderr, live. */
export function LogView({ tail }: { tail: LogTail }): React.ReactElement {
  const trans = useTrans();
  useSignal(tail.changed);
  const [follow, setFollow] = React.useState(true);
  const scroller = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => void tail.read(), [tail]);
  React.useLayoutEffect(() => {
    const element = scroller.current;
    if (follow && element) {
      element.scrollTop = element.scrollHeight;
    }
  }, [follow, tail.text]);
  const spans = React.useMemo(() => parseAnsi(applyReturns(tail.text)), [tail.text]);

  if (tail.error && !tail.text) {
    return <ErrorState error={tail.error} retry={() => void tail.read()} />;
  }
  const onScroll = (event: React.UIEvent<HTMLDivElement>): void => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    // Whoever scrolls up wants to read, not to be carried away by the next line.
    setFollow(scrollHeight - scrollTop - clientHeight < 8);
  };
  return (
    <div className="myd-logview">
      <div className="myd-toolbar">
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={event => setFollow(event.target.checked)}
          />
          {trans.__('Follow')}
        </label>
        <span className="myd-muted">
          {tail.ended ? trans.__('The run has ended.') : trans.__('Live')}
        </span>
        <span className="myd-spacer" />
        {/* The file appears when the run has ended. */}
        {tail.ended && tail.text && (
          <a className="myd-link" href={artifactUrl(tail.id, LOG_FILE)} download={`${tail.id}.log`}>
            {trans.__('Download')}
          </a>
        )}
      </div>
      <div
        ref={scroller}
        className="myd-logview-text"
        role="log"
        aria-label={trans.__('Output of the run')}
        tabIndex={0}
        onScroll={onScroll}
      >
        {tail.truncated && (
          <div className="myd-muted">
            {trans.__('Earlier lines are left out here: download the log.')}
          </div>
        )}
        {tail.loaded && !tail.text && (
          <div className="myd-muted">
            {tail.ended ? trans.__('The run wrote nothing.') : trans.__('Nothing was written yet.')}
          </div>
        )}
        <pre>
          {spans.map((span, index) => (
            <span
              key={index}
              data-color={span.color || undefined}
              data-bold={span.bold || undefined}
            >
              {span.text}
            </span>
          ))}
        </pre>
      </div>
    </div>
  );
}
