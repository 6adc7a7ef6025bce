import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../ui/buttons';
import { ErrorState, Skeleton } from '../ui/feedback';
import { useAsync } from '../ui/hooks';
import { Segmented } from '../ui/segmented';
import { useTrans } from '../ui/translation';
import { getLog } from './api';

const TAILS = ['200', '1000', '5000'];

export interface IEndpointLogProps {
  name: string;
  /** The log is read anew when it changes. */
  version: number;
}

/** The end of the scoring container's log. */
export function EndpointLog({ name, version }: IEndpointLogProps): React.ReactElement {
  const trans = useTrans();
  const [tail, setTail] = React.useState(TAILS[0]);
  const log = useAsync(() => getLog(name, Number(tail)), [name, tail, version]);
  const scroller = React.useRef<HTMLDivElement>(null);
  const text = log.value?.text;
  React.useLayoutEffect(() => {
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [text]);
  if (log.error && text === undefined) {
    return <ErrorState error={log.error} retry={log.reload} />;
  }
  if (text === undefined) {
    return <Skeleton rows={6} />;
  }
  return (
    <div className="myd-logview">
      <div className="myd-toolbar">
        <span>{trans.__('Lines')}</span>
        <Segmented
          label={trans.__('Lines')}
          value={tail}
          options={TAILS.map(each => ({ value: each, label: each }))}
          onChange={setTail}
        />
        <IconButton
          icon={refreshIcon}
          label={trans.__('Refresh')}
          disabled={log.loading}
          onClick={log.reload}
        />
        <span className="myd-spacer" />
        <a
          className="myd-link"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
          download={`${name}.log`}
        >
          {trans.__('Download')}
        </a>
      </div>
      <div
        ref={scroller}
        className="myd-logview-text"
        role="log"
        aria-label={trans.__('Log of the endpoint')}
        tabIndex={0}
      >
        {text ? (
          <pre>{text}</pre>
        ) : (
          <div className="myd-muted">{trans.__('Nothing was written yet.')}</div>
        )}
      </div>
    </div>
  );
}
