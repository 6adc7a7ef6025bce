import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { GrowingLog } from '../api/growinglog';
import type { InstanceInfo } from '../api/schema';
import { IconButton } from '../ui/buttons';
import { ErrorState, ProgressLine } from '../ui/feedback';
import { LogBlocks, saveText, useFollowedEnd, useGrowingLog } from '../ui/growinglog';
import { useDisposable } from '../ui/hooks';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';
import type { ComputeModel } from './model';

/** Lines to begin with. */
const TAIL = 1000;

export interface LogPanelProps {
  instance: InstanceInfo;
  model: ComputeModel;
}

/** The end of an instance's log, as it grows. */
export function LogPanel({ instance, model }: LogPanelProps): React.ReactElement {
  const { name, started, state } = instance;
  const trans = useTrans();
  // Each start writes a log of its own, whose bytes are counted anew.
  const log = useDisposable(
    () => new GrowingLog({ tail: TAIL, read: place => model.log(name, place) }),
    [model, name, started],
  );
  const visible = useGrowingLog(log, state);
  const { ref, onScroll } = useFollowedEnd<HTMLPreElement>(log.blocks, log);
  const actions = (
    <IconButton
      icon={downloadIcon}
      label={trans.__('Download the log')}
      disabled={log.blocks.length === 0}
      onClick={() => saveText(`${name}.log`, log.text)}
    />
  );
  return (
    <Panel title={trans.__('Log')} actions={actions}>
      <div className="myd-log-part" ref={visible}>
        {log.error !== null && <ErrorState error={log.error} retry={() => void log.refresh()} />}
        {!log.loaded && log.error === null && <ProgressLine />}
        {log.truncated && (
          <div className="myd-field-help">{trans.__('Only the end of the log is shown.')}</div>
        )}
        {log.loaded && (log.blocks.length > 0 || log.error === null) && (
          <pre
            className="myd-log"
            ref={ref}
            onScroll={onScroll}
            tabIndex={0}
            aria-label={trans.__('Log')}
          >
            {log.blocks.length > 0 ? <LogBlocks log={log} /> : trans.__('The log is empty.')}
          </pre>
        )}
      </div>
    </Panel>
  );
}
