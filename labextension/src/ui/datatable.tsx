import { caretDownEmptyThinIcon, caretUpEmptyThinIcon } from '@jupyterlab/ui-components';
import {
  ColumnDef,
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  Header,
  Row,
  RowSelectionState,
  SortingState,
  useReactTable,
  VisibilityState,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { ProgressLine } from './feedback';
import { useTrans } from './translation';

export type { ColumnDef, RowSelectionState, SortingState, VisibilityState };

const ROW_HEIGHT = 28;
/** Rows from the end at which more are asked for. */
const NEAR_END = 20;

export interface DataTableProps<T> {
  rows: readonly T[];
  /** react-table's columns; `size` is the width in pixels, `meta.align: 'right'` for numbers. */
  columns: ColumnDef<T, never>[];
  rowId: (row: T) => string;
  /** Read aloud: 'Runs'. */
  label: string;
  /** Enter or double click on a row; a click on its first cell's button is the caller's own. */
  onOpen?: (row: T) => void;
  /** With `onSortingChange`, the server sorts; without, the table does. */
  sorting?: SortingState;
  onSortingChange?: (sorting: SortingState) => void;
  /** With it, rows have checkboxes. Keys are row ids. */
  selection?: RowSelectionState;
  onSelectionChange?: (selection: RowSelectionState) => void;
  visibility?: VisibilityState;
  /** Called when the user scrolls near the end: fetch the next page. */
  onEndReached?: () => void;
  loading?: boolean;
  /** Shown instead of rows when there are none. */
  empty?: React.ReactNode;
  /** Id of the row whose details are shown elsewhere on the page. */
  current?: string;
  /** `data-myd-kind` of the rows, for context menus; `data-myd-id` is the row's id. */
  kind?: string;
}

/** A table that builds only the rows in view. */
export function DataTable<T>(props: DataTableProps<T>): React.ReactElement {
  const { rows, rowId, label, loading, empty, onEndReached } = props;
  const table = useTable(props);
  const scroll = React.useRef<HTMLDivElement>(null);
  const sorted = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    getItemKey: index => sorted[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  React.useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR_END && !loading) {
      onEndReached?.();
    }
  }, [last, rows.length, loading, onEndReached]);
  const width = table.getTotalSize();
  return (
    <div className="myd-table" ref={scroll} onKeyDown={event => moveRow(event, virtual)}>
      {loading && <ProgressLine />}
      <div
        role="table"
        aria-label={label}
        aria-rowcount={rows.length}
        aria-busy={loading}
        style={{ minWidth: width }}
      >
        <div role="rowgroup" className="myd-table-head">
          {table.getHeaderGroups().map(group => (
            <div role="row" key={group.id} className="myd-table-row">
              {group.headers.map(header => (
                <HeaderCell key={header.id} header={header} />
              ))}
            </div>
          ))}
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map(item => (
            <BodyRow
              key={rowId(sorted[item.index].original)}
              row={sorted[item.index]}
              index={item.index}
              top={item.start}
              props={props as DataTableProps<unknown>}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 && !loading && <div className="myd-table-empty">{empty}</div>}
    </div>
  );
}

function useTable<T>(props: DataTableProps<T>): ReturnType<typeof useReactTable<T>> {
  const { rows, rowId, selection, onSelectionChange, visibility, onSortingChange } = props;
  const trans = useTrans();
  const [ownSorting, setOwnSorting] = React.useState<SortingState>([]);
  const sorting = props.sorting ?? ownSorting;
  const selectable = selection !== undefined;
  const given = props.columns;
  const columns = React.useMemo(
    () => (selectable ? [selectColumn<T>(trans.__('Select')), ...given] : given),
    [selectable, given, trans],
  );
  return useReactTable<T>({
    data: rows as T[],
    columns: columns as ColumnDef<T>[],
    getRowId: rowId,
    state: { sorting, rowSelection: selection ?? {}, columnVisibility: visibility ?? {} },
    manualSorting: Boolean(onSortingChange),
    enableRowSelection: selectable,
    onSortingChange: update => {
      const next = typeof update === 'function' ? update(sorting) : update;
      (onSortingChange ?? setOwnSorting)(next);
    },
    onRowSelectionChange: update =>
      onSelectionChange?.(typeof update === 'function' ? update(selection ?? {}) : update),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
}

function selectColumn<T>(label: string): ColumnDef<T, never> {
  return {
    id: 'select',
    size: 32,
    enableSorting: false,
    header: () => <span className="myd-visually-hidden">{label}</span>,
    cell: ({ row }) => (
      <input
        type="checkbox"
        aria-label={label}
        checked={row.getIsSelected()}
        onChange={row.getToggleSelectedHandler()}
        onClick={event => event.stopPropagation()}
      />
    ),
  };
}

function cellStyle(column: { getSize(): number; id: string }): React.CSSProperties {
  return { flex: `${column.id === 'select' ? 0 : 1} 0 ${column.getSize()}px` };
}

function alignOf(meta: unknown): string {
  return (meta as { align?: string } | undefined)?.align === 'right' ? ' myd-mod-right' : '';
}

function HeaderCell<T>({ header }: { header: Header<T, unknown> }): React.ReactElement {
  const { column } = header;
  const sorted = column.getIsSorted();
  const Arrow = (sorted === 'desc' ? caretDownEmptyThinIcon : caretUpEmptyThinIcon).react;
  const content = flexRender(column.columnDef.header, header.getContext());
  const title = typeof column.columnDef.header === 'string' ? column.columnDef.header : column.id;
  return (
    <div
      role="columnheader"
      className={`myd-table-cell${alignOf(column.columnDef.meta)}`}
      style={cellStyle(column)}
      aria-sort={sorted ? (sorted === 'desc' ? 'descending' : 'ascending') : undefined}
    >
      {column.getCanSort() ? (
        <button
          type="button"
          className="myd-table-sort"
          title={title}
          onClick={column.getToggleSortingHandler()}
        >
          <span className="myd-table-sort-text">{content}</span>
          {sorted && <Arrow tag="span" className="myd-icon" />}
        </button>
      ) : (
        content
      )}
    </div>
  );
}

interface BodyRowProps {
  row: Row<unknown>;
  index: number;
  top: number;
  props: DataTableProps<unknown>;
}

function BodyRow<T>(given: Omit<BodyRowProps, 'row'> & { row: Row<T> }): React.ReactElement {
  const { row, index, top, props } = given;
  const open = props.onOpen && ((): void => props.onOpen?.(row.original));
  return (
    <div
      role="row"
      className={`myd-table-row myd-table-body-row${row.getIsSelected() ? ' myd-mod-selected' : ''}`}
      aria-rowindex={index + 2}
      aria-current={row.id === props.current || undefined}
      aria-selected={props.selection ? row.getIsSelected() : undefined}
      tabIndex={0}
      data-index={index}
      data-myd-kind={props.kind}
      data-myd-id={row.id}
      style={{ transform: `translateY(${top}px)`, height: ROW_HEIGHT }}
      onDoubleClick={open}
      onKeyDown={event => {
        if (event.target === event.currentTarget && event.key === 'Enter') {
          open?.();
        } else if (event.target === event.currentTarget && event.key === ' ' && props.selection) {
          event.preventDefault();
          row.toggleSelected();
        }
      }}
    >
      {row.getVisibleCells().map(cell => {
        const value = cell.getContext().getValue();
        return (
          <div
            role="cell"
            key={cell.id}
            className={`myd-table-cell${alignOf(cell.column.columnDef.meta)}`}
            style={cellStyle(cell.column)}
            title={typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined}
          >
            {flexRender(cell.column.columnDef.cell, cell.getContext())}
          </div>
        );
      })}
    </div>
  );
}

function moveRow(
  event: React.KeyboardEvent<HTMLElement>,
  virtual: { scrollToIndex(index: number): void },
): void {
  const row = event.target as HTMLElement;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || row.dataset.index === undefined) {
    return;
  }
  event.preventDefault();
  const container = event.currentTarget;
  const next = Number(row.dataset.index) + step;
  virtual.scrollToIndex(Math.max(0, next));
  requestAnimationFrame(() =>
    container.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus(),
  );
}
