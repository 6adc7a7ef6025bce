import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { formatNumber } from '../ui/format';
import { useTrans } from '../ui/translation';
import { ICompareRow, IMetricRow } from './compare';

export interface ICompareTableProps<R> {
  runs: readonly RunInfo[];
  rows: readonly R[];
  label: string;
  /** Leave out the rows in which all runs agree. */
  onlyDifferences: boolean;
}

/** Text values side by side; rows that differ stand out. */
export function ValueTable(props: ICompareTableProps<ICompareRow<string>>): React.ReactElement {
  return (
    <Table {...props}>
      {row => row.cells.map((cell, index) => <Cell key={index} text={cell} />)}
    </Table>
  );
}

/** Metrics side by side; the lowest and the highest of each are marked. */
export function MetricTable(props: ICompareTableProps<IMetricRow>): React.ReactElement {
  const trans = useTrans();
  return (
    <Table {...props}>
      {row =>
        row.cells.map((cell, index) => {
          const spread = row.low !== row.high;
          const mark =
            spread && cell === row.high ? 'high' : spread && cell === row.low ? 'low' : '';
          const title = { high: trans.__('highest'), low: trans.__('lowest'), '': '' }[mark];
          return (
            <td key={index} className="myd-number" data-mark={mark || undefined} title={title}>
              {formatNumber(cell)}
              <span aria-hidden="true">{{ high: ' ▲', low: ' ▼', '': '' }[mark]}</span>
            </td>
          );
        })
      }
    </Table>
  );
}

function Cell({ text }: { text: string | null }): React.ReactElement {
  return (
    <td className="myd-ellipsis" title={text ?? ''}>
      {text ?? <span className="myd-muted">–</span>}
    </td>
  );
}

interface ITableProps<R> extends ICompareTableProps<R> {
  children: (row: R) => React.ReactNode;
}

function Table<R extends ICompareRow<unknown>>(props: ITableProps<R>): React.ReactElement {
  const { runs, rows, label, onlyDifferences, children } = props;
  const trans = useTrans();
  const shown = onlyDifferences ? rows.filter(row => row.differs) : rows;
  if (shown.length === 0) {
    const none = rows.length === 0 ? trans.__('None logged.') : trans.__('No differences.');
    return <p className="myd-muted">{none}</p>;
  }
  return (
    <div className="myd-compare-scroll">
      <table className="myd-plain-table myd-compare-table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            {runs.map((run, index) => (
              <th key={run.id} scope="col" title={run.name}>
                <span className="myd-swatch" data-series={index} />
                {run.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(row => (
            <tr key={row.key} data-differs={row.differs || undefined}>
              <th scope="row" title={row.key}>
                {row.key}
              </th>
              {children(row)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
