import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { formatDuration, formatNumber, formatTime, relativeTime } from '../ui/format';
import { useNow } from '../ui/hooks';
import { Tags } from '../ui/inlineedit';
import { duration, IRunColumn, isActive } from './columns';
import { toNumber } from './metrics';
import { RunBadge } from './status';

export interface IRunCellProps {
  run: RunInfo;
  column: IRunColumn;
  onOpen(id: string): void;
}

/** One cell of the run table. */
export function RunCell({ run, column, onOpen }: IRunCellProps): React.ReactElement | null {
  switch (column.id) {
    case 'status':
      return <RunBadge run={run} />;
    case 'name':
      return (
        <button
          className="myd-link myd-ellipsis"
          title={run.error ? `${run.name}\n${run.error}` : run.name}
          tabIndex={-1}
          onClick={() => onOpen(run.id)}
        >
          {run.name}
        </button>
      );
    case 'created':
      return <span title={formatTime(run.created)}>{relativeTime(run.created)}</span>;
    case 'duration':
      return <Duration run={run} />;
    case 'compute':
      return <Text text={run.compute} />;
    case 'tags':
      return <Tags tags={run.tags} />;
    default:
      return <Keyed run={run} column={column} />;
  }
}

/** How long a run took; of a run that goes on, how long until now. */
export function Duration({ run }: { run: RunInfo }): React.ReactElement | null {
  const now = useNow(1, isActive(run));
  const seconds = duration(run, now);
  return seconds === null ? null : <span>{formatDuration(seconds)}</span>;
}

function Keyed({ run, column }: { run: RunInfo; column: IRunColumn }): React.ReactElement | null {
  if (column.group === 'param') {
    return <Text text={run.params[column.label] ?? ''} />;
  }
  const summary = run.metrics[column.label];
  if (!summary) {
    return null;
  }
  const value = toNumber(summary.last);
  const title = `last ${summary.last} (step ${summary.step}) · min ${summary.min} · max ${summary.max}`;
  return (
    <span className="myd-number" title={title}>
      {formatNumber(value)}
    </span>
  );
}

function Text({ text }: { text: string }): React.ReactElement {
  return (
    <span className="myd-ellipsis" title={text}>
      {text}
    </span>
  );
}
