import * as React from 'react';

import { ErrorState } from '../ui/feedback';
import { useFollowedEnd } from '../ui/growinglog';
import { useSignal } from '../ui/hooks';
import { LogView } from '../ui/logview';
import { useTrans } from '../ui/translation';
import { applyReturns, parseAnsi } from './ansi';
import { artifactUrl } from './api';
import type { LogTail } from './logtail';

/** Where the whole log is among the run's artifacts. */
const LOG_FILE = '.modelyard/log.txt';

/** What the run wrote to stdout and stderr, live. */
export function RunLog({ tail }: { tail: LogTail }): React.ReactElement {
  const trans = useTrans();
  useSignal(tail.changed);
  const { ref, onScroll, follow, setFollow } = useFollowedEnd<HTMLDivElement>(tail.text, tail);
  React.useEffect(() => void tail.read(), [tail]);
  const spans = React.useMemo(() => parseAnsi(applyReturns(tail.text)), [tail.text]);

  if (tail.error && !tail.text) {
    return <ErrorState error={tail.error} retry={() => void tail.read()} />;
  }
  const tools = (
    <>
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
    </>
  );
  // The file appears when the run has ended.
  const download = tail.ended && tail.text && (
    <a className="myd-link" href={artifactUrl(tail.id, LOG_FILE)} download={`${tail.id}.log`}>
      {trans.__('Download')}
    </a>
  );
  return (
    <LogView
      label={trans.__('Output of the run')}
      tools={tools}
      download={download}
      scroller={ref}
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
          <span key={index} data-color={span.color || undefined} data-bold={span.bold || undefined}>
            {span.text}
          </span>
        ))}
      </pre>
    </LogView>
  );
}
