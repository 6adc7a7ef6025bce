import * as React from 'react';

import type { DataTableProps } from './datatable';
import { Skeleton } from './feedback';
import type { LineChartProps } from './linechart';

// Tables and charts are fetched when the first one is shown: JupyterLab starts without them.
const LazyTable = React.lazy(async () => ({ default: (await import('./datatable')).DataTable }));
const LazyChart = React.lazy(() => import('./linechart'));

/** See `datatable.tsx`. */
export function DataTable<T>(props: DataTableProps<T>): React.ReactElement {
  return (
    <React.Suspense fallback={<Skeleton rows={6} />}>
      <LazyTable {...(props as unknown as DataTableProps<unknown>)} />
    </React.Suspense>
  );
}

/** See `linechart.tsx`. */
export function LineChart(props: LineChartProps): React.ReactElement {
  return (
    <React.Suspense
      fallback={<div className="myd-chart" style={{ minHeight: props.height ?? 200 }} />}
    >
      <LazyChart {...props} />
    </React.Suspense>
  );
}
