import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { TextButton } from '../ui/buttons';
import { ErrorState, Skeleton } from '../ui/feedback';
import { useDisposable, useSignal } from '../ui/hooks';
import type { PageTab } from '../ui/pages';
import { Tabs } from '../ui/tabs';
import { useTrans } from '../ui/translation';
import { Files } from './artifacts';
import { Environment } from './environment';
import { RunLog } from './log';
import { Metrics } from './metricCharts';
import type { TrackingModel } from './model';
import { Overview } from './overview';
import { RunPageModel } from './pagemodel';
import { RunHeader } from './runHeader';

export interface IRunPageProps {
  id: string;
  model: TrackingModel;
  commands: CommandRegistry;
  rendermime: IRenderMimeRegistry;
  tab: PageTab;
}

/** What a part of the page is given. */
export interface IRunParts extends IRunPageProps {
  page: RunPageModel;
  run: RunInfo;
}

/** One run: what went in, what came out, and what it said meanwhile. */
export default function RunPage(props: IRunPageProps): React.ReactElement {
  const { id, model, tab } = props;
  const trans = useTrans();
  const page = useDisposable(() => new RunPageModel(model.live, id), [model, id]);
  useSignal(page.run.changed);
  React.useEffect(() => void page.run.load(), [page]);
  const { run, state, error } = page.run;
  const name = run?.name;
  React.useEffect(() => {
    if (name !== undefined) {
      tab.setTitle(name);
    }
  }, [name, tab]);
  if (run) {
    return <Loaded {...props} page={page} run={run} />;
  }
  return state === 'error' ? (
    <ErrorState
      title={trans.__('Cannot show the run')}
      error={error}
      retry={() => void page.run.load()}
    >
      <TextButton onClick={() => tab.close()}>{trans.__('Close')}</TextButton>
    </ErrorState>
  ) : (
    <Skeleton rows={8} />
  );
}

function Loaded(props: IRunParts): React.ReactElement {
  const { page, run, commands, rendermime } = props;
  const trans = useTrans();
  const files = { run: run.id, rendermime, commands };
  return (
    <div className="myd-page-column">
      <RunHeader {...props} />
      {run.status === 'failed' && (
        <ErrorState
          title={trans.__('The run failed')}
          error={{
            message: run.error || trans.__('It ended with an error.'),
            hint: trans.__('The Logs tab shows what it wrote before.'),
          }}
        />
      )}
      <Tabs
        label={trans.__('Parts of the run')}
        tabs={[
          {
            id: 'overview',
            title: trans.__('Overview'),
            content: () => <Overview {...props} />,
          },
          {
            id: 'metrics',
            title: trans.__('Metrics'),
            count: Object.keys(run.metrics).length,
            content: () => <Metrics runs={[run]} histories={page.histories} />,
          },
          {
            id: 'artifacts',
            title: trans.__('Artifacts'),
            content: () => (
              <Files
                {...files}
                tree={page.artifacts}
                version={run.status}
                empty={{
                  text: trans.__('No files yet. Keep one with the run:'),
                  code: 'run.log_artifact("plot.png")',
                }}
              />
            ),
          },
          {
            id: 'code',
            title: trans.__('Code'),
            content: () => (
              <Files
                {...files}
                tree={page.source}
                version={run.status}
                empty={{ text: trans.__('No code was recorded with this run.') }}
              />
            ),
          },
          { id: 'logs', title: trans.__('Logs'), content: () => <RunLog tail={page.log} /> },
          {
            id: 'environment',
            title: trans.__('Environment'),
            content: () => <Environment run={run} />,
          },
        ]}
      />
    </div>
  );
}
