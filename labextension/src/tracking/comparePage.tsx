import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { TextButton } from '../ui/buttons';
import { ErrorState, Skeleton } from '../ui/feedback';
import { useDisposable, useSignal } from '../ui/hooks';
import { experimentIcon } from '../ui/icons';
import { PageHeader, Panel } from '../ui/page';
import { Tabs } from '../ui/tabs';
import { useTrans } from '../ui/translation';
import { compareMetrics, compareParams, compareTags } from './compare';
import { MetricTable, ValueTable } from './compareTables';
import { ComparedRuns } from './compared';
import { Metrics } from './metricCharts';
import type { TrackingModel } from './model';
import { RunBadge } from './status';
import { CommandIDs } from './tokens';

export interface IComparePageProps {
  ids: readonly string[];
  model: TrackingModel;
  commands: CommandRegistry;
}

/** Two to five runs side by side. */
export default function ComparePage(props: IComparePageProps): React.ReactElement {
  const { ids, model, commands } = props;
  const trans = useTrans();
  const key = ids.join(',');
  const compared = useDisposable(
    () => new ComparedRuns(model.live, key.split(',')),
    [model.live, key],
  );
  useSignal(compared.changed);
  React.useEffect(() => compared.load(), [compared]);
  const { runs, error } = compared;
  if (error) {
    return (
      <ErrorState
        title={trans.__('Cannot compare the runs')}
        error={error}
        retry={() => compared.load()}
      />
    );
  }
  if (runs.length < ids.length) {
    return <Skeleton rows={8} />;
  }
  return (
    <div className="myd-page-column">
      <PageHeader icon={experimentIcon} title={trans.__('Compare %1 runs', runs.length)}>
        <div className="myd-compared">
          {runs.map((run, index) => (
            <span key={run.id} className="myd-compared-run">
              <span className="myd-swatch" data-series={index} aria-hidden="true" />
              <TextButton
                kind="link"
                title={run.name}
                onClick={() => commands.execute(CommandIDs.openRun, { id: run.id })}
              >
                {run.name}
              </TextButton>
              <RunBadge run={run} compact />
            </span>
          ))}
        </div>
      </PageHeader>
      <Tabs
        label={trans.__('Comparison')}
        tabs={[
          {
            id: 'tables',
            title: trans.__('Params and metrics'),
            content: () => <Tables runs={runs} />,
          },
          {
            id: 'charts',
            title: trans.__('Charts'),
            content: () => <Metrics runs={runs} histories={compared.histories} />,
          },
        ]}
      />
    </div>
  );
}

function Tables({ runs }: { runs: readonly RunInfo[] }): React.ReactElement {
  const trans = useTrans();
  const [onlyDifferences, setOnly] = React.useState(false);
  const shared = { runs, onlyDifferences };
  return (
    <div className="myd-compare">
      <div className="myd-toolbar">
        <label>
          <input
            type="checkbox"
            checked={onlyDifferences}
            onChange={event => setOnly(event.target.checked)}
          />
          {trans.__('Only differences')}
        </label>
      </div>
      <Panel title={trans.__('Params')}>
        <ValueTable {...shared} rows={compareParams(runs)} label={trans.__('Param')} />
      </Panel>
      <Panel title={trans.__('Metrics (last value)')}>
        <MetricTable {...shared} rows={compareMetrics(runs)} label={trans.__('Metric')} />
      </Panel>
      <Panel title={trans.__('Tags')}>
        <ValueTable {...shared} rows={compareTags(runs)} label={trans.__('Tag')} />
      </Panel>
    </div>
  );
}
