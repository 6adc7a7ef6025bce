import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../ui/buttons';
import { ErrorState, Skeleton } from '../ui/feedback';
import { useAsync } from '../ui/hooks';
import { LogView } from '../ui/logview';
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
  const tools = (
    <>
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
    </>
  );
  const href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
  return (
    <LogView
      label={trans.__('Log of the endpoint')}
      tools={tools}
      download={{ href, download: `${name}.log` }}
      scroller={scroller}
    >
      {text ? (
        <pre>{text}</pre>
      ) : (
        <div className="myd-muted">{trans.__('Nothing was written yet.')}</div>
      )}
    </LogView>
  );
}
