import * as React from 'react';

import type { ExperimentInfo, RunInfo } from '../api/schema';
import { TextButton } from '../ui/buttons';
import type { ColumnDef, RowSelectionState, SortingState } from '../ui/datatable';
import { EmptyState, ErrorState } from '../ui/feedback';
import { plural } from '../ui/format';
import { useDisposable, useSignal } from '../ui/hooks';
import { DataTable } from '../ui/lazy';
import { attempt } from '../ui/notify';
import { SearchBox } from '../ui/search';
import { useTrans } from '../ui/translation';
import type { ColumnChoice } from './choice';
import { ColumnChooser } from './columnChooser';
import { columnsOf, IRunColumn, visibleColumns } from './columns';
import { MOST_COMPARED } from './compare';
import type { IPageParts } from './experimentPage';
import { toNumber } from './metrics';
import { RunCell } from './runCell';
import { RunList } from './runlist';
import { CommandIDs } from './tokens';

/** Milliseconds after the last key before the server is asked. */
const TYPING = 300;

const WIDTHS: Record<string, number> = {
  status: 100,
  name: 200,
  created: 120,
  duration: 90,
  compute: 100,
  tags: 180,
};

export interface IRunsProps extends IPageParts {
  experiment: ExperimentInfo;
  choice: ColumnChoice;
}

/** The runs of an experiment: find, sort, compare, delete. */
export function Runs(props: IRunsProps): React.ReactElement {
  const { model, commands, experiment, choice } = props;
  const list = useDisposable(
    () => new RunList({ live: model.live, query: { experiment: experiment.id } }),
    [model, experiment.id],
  );
  useSignal(list.changed, choice.changed);
  const [selection, setSelection] = React.useState<RowSelectionState>({});
  React.useEffect(() => void list.refresh(), [list]);
  const open = React.useCallback(
    (id: string) => void commands.execute(CommandIDs.openRun, { id }),
    [commands],
  );
  const columns = columnsOf(list.sample);
  const shown = visibleColumns(columns, choice.columns);
  const key = shown.map(column => column.id).join('\n');
  // New rows do not change the columns most of the time: the table is rebuilt only when they do.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const definitions = React.useMemo(() => shown.map(column => define(column, open)), [key, open]);
  if (list.state === 'error' && list.items.length === 0) {
    return <ErrorState error={list.error} retry={() => void list.refresh()} />;
  }
  return (
    <>
      <RunsBar {...props} list={list} selection={selection} setSelection={setSelection}>
        <ColumnChooser
          columns={columns}
          shown={new Set(shown.map(column => column.id))}
          choice={choice}
        />
      </RunsBar>
      <div className="myd-fill">
        <DataTable
          rows={list.items}
          columns={definitions}
          rowId={run => run.id}
          kind={list.query.deleted ? 'deleted-run' : 'run'}
          label={`Runs of ${experiment.name}`}
          onOpen={run => open(run.id)}
          sorting={sortingOf(list)}
          onSortingChange={sorting => void list.setQuery(orderOf(sorting))}
          selection={selection}
          onSelectionChange={setSelection}
          onEndReached={() => void list.loadMore()}
          loading={list.busy}
          empty={<NoRuns list={list} experiment={experiment} />}
        />
      </div>
    </>
  );
}

interface IBarProps extends IRunsProps {
  list: RunList;
  selection: RowSelectionState;
  setSelection(selection: RowSelectionState): void;
  children: React.ReactNode;
}

function RunsBar(props: IBarProps): React.ReactElement {
  const { list, selection, setSelection, children } = props;
  const trans = useTrans();
  const [query, setQuery] = React.useState('');
  React.useEffect(() => {
    if (query === (list.query.q ?? '')) {
      return undefined;
    }
    const timer = window.setTimeout(() => void list.setQuery({ q: query }), TYPING);
    return () => window.clearTimeout(timer);
  }, [query, list]);
  const deleted = list.query.deleted ?? false;
  return (
    <div className="myd-toolbar" role="toolbar" aria-label={trans.__('Runs')}>
      <SearchBox
        value={query}
        onChange={setQuery}
        placeholder={trans.__('Find runs: text, or metrics.accuracy > 0.9')}
      />
      <span className="myd-muted">{plural(list.total, 'run')}</span>
      {list.fresh > 0 && (
        <TextButton kind="link" onClick={() => list.refresh()}>
          {trans._n('Show %1 new run', 'Show %1 new runs', list.fresh)}
        </TextButton>
      )}
      {list.error && <span className="myd-field-error">{list.error.message}</span>}
      <span className="myd-spacer" />
      <SelectionActions {...props} />
      <TextButton
        onClick={() => {
          setSelection({});
          return list.setQuery({ deleted: !deleted });
        }}
      >
        {deleted ? trans.__('Show runs') : trans.__('Show deleted')}
      </TextButton>
      {children}
      <span className="myd-visually-hidden" role="status">
        {plural(Object.keys(selection).length, 'run')} {trans.__('selected')}
      </span>
    </div>
  );
}

function SelectionActions(props: IBarProps): React.ReactElement | null {
  const { list, selection, setSelection, model, commands } = props;
  const trans = useTrans();
  const ids = Object.keys(selection).filter(id => selection[id]);
  if (list.query.deleted) {
    if (ids.length === 0) {
      return null;
    }
    const restore = async (): Promise<void> => {
      await attempt(() => Promise.all(ids.map(id => model.restoreRun(id))));
      setSelection({});
      await list.refresh();
    };
    return <TextButton onClick={restore}>{trans.__('Restore %1', ids.length)}</TextButton>;
  }
  const fits = ids.length >= 2 && ids.length <= MOST_COMPARED;
  return (
    <>
      <TextButton
        kind="accept"
        disabled={!fits}
        title={fits ? undefined : trans.__('Tick 2 to %1 runs to compare them', MOST_COMPARED)}
        onClick={() => commands.execute(CommandIDs.compareRuns, { ids })}
      >
        {ids.length > 0 ? trans.__('Compare %1', ids.length) : trans.__('Compare')}
      </TextButton>
      {ids.length > 0 && (
        <TextButton
          onClick={async () => {
            if (await commands.execute(CommandIDs.deleteRun, { ids })) {
              setSelection({});
            }
          }}
        >
          {trans.__('Delete %1', ids.length)}
        </TextButton>
      )}
    </>
  );
}

function NoRuns(props: { list: RunList; experiment: ExperimentInfo }): React.ReactElement {
  const trans = useTrans();
  const { q, deleted } = props.list.query;
  if (q) {
    return <EmptyState>{trans.__('No run matches “%1”.', q)}</EmptyState>;
  }
  if (deleted) {
    return <EmptyState>{trans.__('No run was deleted.')}</EmptyState>;
  }
  return (
    <EmptyState code={`%%ml run --experiment ${quoted(props.experiment.name)}`}>
      {trans.__('No runs yet. Begin a notebook cell with this line:')}
    </EmptyState>
  );
}

function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
}

function define(column: IRunColumn, onOpen: (id: string) => void): ColumnDef<RunInfo, never> {
  return {
    id: column.id,
    header: column.label,
    size: WIDTHS[column.id] ?? 110,
    enableSorting: column.sortable,
    accessorFn: run => valueOf(run, column) as never,
    cell: ({ row }) => <RunCell run={row.original} column={column} onOpen={onOpen} />,
    meta: column.group === 'metric' ? { align: 'right' } : undefined,
  };
}

/** What tells the table how a column sorts at the first click: numbers begin with the highest. */
function valueOf(run: RunInfo, column: IRunColumn): string | number | undefined {
  switch (column.group) {
    case 'metric': {
      const summary = run.metrics[column.label];
      return summary ? toNumber(summary.last) : undefined;
    }
    case 'param':
      return run.params[column.label];
    default:
      return column.id === 'created' ? run.created : undefined;
  }
}

function sortingOf(list: RunList): SortingState {
  return [{ id: list.query.orderBy ?? 'created', desc: list.query.descending ?? true }];
}

function orderOf(sorting: SortingState): { orderBy: string; descending: boolean } {
  const [first] = sorting;
  return first
    ? { orderBy: first.id, descending: first.desc }
    : { orderBy: 'created', descending: true };
}
