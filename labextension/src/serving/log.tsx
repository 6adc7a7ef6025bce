import * as React from 'react';

import { GrowingLog } from '../api/growinglog';
import type { EndpointInfo } from '../api/schema';
import { TextButton } from '../ui/buttons';
import { ErrorState, Skeleton } from '../ui/feedback';
import { LogBlocks, saveText, useFollowedEnd, useGrowingLog } from '../ui/growinglog';
import { useDisposable } from '../ui/hooks';
import { LogView } from '../ui/logview';
import { Segmented } from '../ui/segmented';
import { useTrans } from '../ui/translation';
import { getLog } from './api';

const TAILS = ['200', '1000', '5000'];

/** The end of the scoring container's log, as it grows. */
export function EndpointLog({ endpoint }: { endpoint: EndpointInfo }): React.ReactElement {
  const { name, updated } = endpoint;
  const trans = useTrans();
  const [tail, setTail] = React.useState(TAILS[0]);
  const log = useDisposable(
    () => new GrowingLog({ tail: Number(tail), read: place => getLog(name, place) }),
    [name, tail],
  );
  const visible = useGrowingLog(log, updated);
  const { ref, onScroll } = useFollowedEnd<HTMLDivElement>(log.blocks, log);
  const tools = (
    <>
      <span>{trans.__('Lines')}</span>
      <Segmented
        label={trans.__('Lines')}
        value={tail}
        options={TAILS.map(each => ({ value: each, label: each }))}
        onChange={setTail}
      />
    </>
  );
  const download = log.blocks.length > 0 && (
    <TextButton kind="link" onClick={() => saveText(`${name}.log`, log.text)}>
      {trans.__('Download')}
    </TextButton>
  );
  return (
    <div ref={visible}>
      {log.error && <ErrorState error={log.error} retry={() => void log.refresh()} />}
      {!log.loaded && !log.error && <Skeleton rows={6} />}
      {log.loaded && (
        <LogView
          label={trans.__('Log of the endpoint')}
          tools={tools}
          download={download}
          scroller={ref}
          onScroll={onScroll}
        >
          {log.truncated && (
            <div className="myd-muted">{trans.__('Only the end of the log is shown.')}</div>
          )}
          {log.blocks.length > 0 ? (
            <pre>
              <LogBlocks log={log} />
            </pre>
          ) : (
            <div className="myd-muted">{trans.__('Nothing was written yet.')}</div>
          )}
        </LogView>
      )}
    </div>
  );
}
