import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';

import type { MetricSummary, RunInfo, RunSource } from '../api/schema';
import { TextButton } from '../ui/buttons';
import { EmptyState } from '../ui/feedback';
import { formatNumber, formatTime } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { KeyValues } from '../ui/keyvalues';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';
import { isActive } from './columns';
import { toNumber } from './metrics';
import { pathInFiles } from './run';
import type { IRunParts } from './runPage';
import { CommandIDs } from './tokens';

/** What went in, what came out, where it came from and what became of it. */
export function Overview(props: IRunParts): React.ReactElement {
  const { run } = props;
  const trans = useTrans();
  return (
    <div className="myd-panels">
      <Panel title={trans.__('Metrics')}>
        <MetricSummaries run={run} />
      </Panel>
      <Panel title={trans.__('Params')}>
        <Params run={run} />
      </Panel>
      <Panel title={trans.__('Lineage')}>
        <Lineage {...props} />
      </Panel>
    </div>
  );
}

function MetricSummaries({ run }: { run: RunInfo }): React.ReactElement {
  const trans = useTrans();
  const rows = Object.entries(run.metrics).sort(([a], [b]) => a.localeCompare(b));
  if (rows.length === 0) {
    return <NoneLogged run={run} code={'run.log("accuracy", 0.97)'} />;
  }
  const heads = [trans.__('Last'), trans.__('Min'), trans.__('Max'), trans.__('Points')];
  return (
    <table className="myd-plain-table myd-summaries">
      <thead>
        <tr>
          <th scope="col">{trans.__('Metric')}</th>
          {heads.map(head => (
            <th key={head} scope="col" className="myd-number">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([key, summary]) => (
          <MetricRow key={key} name={key} summary={summary} />
        ))}
      </tbody>
    </table>
  );
}

function MetricRow(props: { name: string; summary: MetricSummary }): React.ReactElement {
  const { name, summary } = props;
  const values = [summary.last, summary.min, summary.max];
  return (
    <tr>
      <th scope="row" title={name}>
        {name}
      </th>
      {values.map((value, index) => (
        <td key={index} className="myd-number" title={String(value)}>
          {formatNumber(toNumber(value), 4)}
        </td>
      ))}
      <td className="myd-number">{summary.count.toLocaleString()}</td>
    </tr>
  );
}

function Params({ run }: { run: RunInfo }): React.ReactElement {
  const rows = Object.entries(run.params).sort(([a], [b]) => a.localeCompare(b));
  if (rows.length === 0) {
    return <NoneLogged run={run} code={'run.log_params({"C": 1.0})'} />;
  }
  return (
    <table className="myd-plain-table">
      <tbody>
        {rows.map(([key, value]) => (
          <tr key={key}>
            <th scope="row" title={key}>
              {key}
            </th>
            <td title={value}>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Nothing there: the line that logs it, as long as it still can be. */
function NoneLogged({ run, code }: { run: RunInfo; code: string }): React.ReactElement {
  const trans = useTrans();
  return isActive(run) ? (
    <EmptyState code={code}>{trans.__('None logged yet:')}</EmptyState>
  ) : (
    <p className="myd-muted">{trans.__('None logged.')}</p>
  );
}

function Lineage({ run, model, commands }: IRunParts): React.ReactElement {
  const trans = useTrans();
  useSignal(model.lineageChanged);
  const links = model.lineage.flatMap(provider => provider.links(run));
  const grouped = new Map<string, typeof links>();
  links.forEach(link => grouped.set(link.label, [...(grouped.get(link.label) ?? []), link]));
  const made = [...grouped].map(([label, items]): [string, React.ReactNode] => [
    label,
    <span key={label} className="myd-links">
      {items.map(item => (
        <TextButton
          key={item.text}
          kind="link"
          onClick={() => commands.execute(item.command, item.args)}
        >
          {item.text}
        </TextButton>
      ))}
    </span>,
  ]);
  const parent = run.parent && (
    <TextButton
      kind="link"
      onClick={() => commands.execute(CommandIDs.openRun, { id: run.parent })}
    >
      {run.parent.slice(0, 8)}
    </TextButton>
  );
  const open = (path: string) => () => commands.execute('docmanager:open', { path });
  return (
    <KeyValues
      label={trans.__('Lineage')}
      items={[
        [trans.__('Source'), run.source && <Source source={run.source} open={open} />],
        [trans.__('Parent run'), parent],
        [trans.__('Compute'), run.compute || trans.__('this server')],
        [trans.__('Python'), run.python],
        [trans.__('Started'), formatTime(run.started)],
        [trans.__('Ended'), formatTime(run.ended)],
        ...made,
      ]}
    />
  );
}

interface ISourceProps {
  source: RunSource;
  open(path: string): () => unknown;
}

function Source({ source, open }: ISourceProps): React.ReactElement {
  const trans = useTrans();
  const kinds: Record<RunSource['kind'], string> = {
    cell: trans.__('cell of a notebook'),
    notebook: trans.__('notebook'),
    script: trans.__('script'),
    interactive: trans.__('interactive session'),
  };
  const path = pathInFiles(source.name, PageConfig.getOption('serverRoot'));
  return (
    <>
      {path ? (
        <TextButton kind="link" title={path} onClick={open(path)}>
          {PathExt.basename(path)}
        </TextButton>
      ) : (
        source.name
      )}{' '}
      <span className="myd-muted">{kinds[source.kind]}</span>
    </>
  );
}
