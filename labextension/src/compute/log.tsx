import { downloadIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { LogText } from '../api/schema';
import { IconButton } from '../ui/buttons';
import { ErrorState, ProgressLine } from '../ui/feedback';
import { useAsync } from '../ui/hooks';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';

export interface LogPanelProps {
  /** Name of the file that a download makes. */
  fileName: string;
  load: (signal: AbortSignal) => Promise<LogText>;
  /** Fetched again when one of these changes. */
  deps: React.DependencyList;
}

/** The end of a log: it stays at the last line, can be fetched again and be downloaded. */
export function LogPanel({ fileName, load, deps }: LogPanelProps): React.ReactElement {
  const trans = useTrans();
  const { value, error, loading, reload } = useAsync(load, deps);
  const view = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    if (view.current) {
      view.current.scrollTop = view.current.scrollHeight;
    }
  }, [value]);
  const actions = (
    <>
      <IconButton
        icon={downloadIcon}
        label={trans.__('Download the log')}
        disabled={!value?.text}
        onClick={() => download(fileName, value?.text ?? '')}
      />
      <IconButton icon={refreshIcon} label={trans.__('Refresh the log')} onClick={reload} />
    </>
  );
  return (
    <Panel title={trans.__('Log')} actions={actions}>
      {error !== null && <ErrorState error={error} retry={reload} />}
      {loading && value === null && <ProgressLine />}
      {value?.truncated && (
        <div className="myd-field-help">{trans.__('Only the end of the log is shown.')}</div>
      )}
      {value && (
        <pre className="myd-log" ref={view} tabIndex={0} aria-label={trans.__('Log')}>
          {value.text || trans.__('The log is empty.')}
        </pre>
      )}
    </Panel>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
