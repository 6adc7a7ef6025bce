import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { EmptyState } from '../ui/feedback';
import { formatNumber } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { LineChart } from '../ui/lazy';
import { matches, SearchBox } from '../ui/search';
import { Segmented } from '../ui/segmented';
import { useTrans } from '../ui/translation';
import type { Histories } from './histories';
import { drawn, IChartOptions, toNumber } from './metrics';
import { SingleValues } from './singleValues';

/** Charts that are built at first; each further batch comes as the user scrolls. */
const BATCH = 24;

export interface IMetricsProps {
  /** One run, or those that are compared. */
  runs: readonly RunInfo[];
  histories: Histories;
}

/** One chart for each metric; the curves of compared runs share it. */
export function Metrics({ runs, histories }: IMetricsProps): React.ReactElement {
  const trans = useTrans();
  const [query, setQuery] = React.useState('');
  const [options, setOptions] = React.useState<IChartOptions>({
    axis: 'step',
    log: false,
    smoothing: 0,
  });
  const [shown, setShown] = React.useState(BATCH);
  const all = [...new Set(runs.flatMap(run => Object.keys(run.metrics)))].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
  const keys = all.filter(key => matches(query, key));
  if (all.length === 0) {
    return (
      <EmptyState code={'run.log("loss", 0.3, step=1)'}>
        {trans.__('No metrics yet. Each call adds a point to a curve:')}
      </EmptyState>
    );
  }
  const isCurve = (key: string): boolean => runs.some(run => (run.metrics[key]?.count ?? 0) > 1);
  const curves = keys.filter(isCurve);
  const single = keys.filter(key => !isCurve(key));
  return (
    <div className="myd-metrics">
      <ChartBar options={options} onChange={setOptions}>
        {all.length > 6 && (
          <SearchBox value={query} onChange={setQuery} placeholder={trans.__('Find metrics')} />
        )}
      </ChartBar>
      <div className="myd-charts">
        {single.length > 0 && <SingleValues keys={single} runs={runs} />}
        {curves.slice(0, shown).map(key => (
          <ChartCard key={key} name={key} runs={runs} histories={histories} options={options} />
        ))}
        {curves.length > shown && <InView onView={() => setShown(shown + BATCH)} />}
        {keys.length === 0 && (
          <EmptyState>{trans.__('No metric is called “%1”.', query)}</EmptyState>
        )}
      </div>
    </div>
  );
}

interface IBarProps {
  options: IChartOptions;
  onChange(options: IChartOptions): void;
  children: React.ReactNode;
}

function ChartBar({ options, onChange, children }: IBarProps): React.ReactElement {
  const trans = useTrans();
  return (
    <div className="myd-toolbar" role="toolbar" aria-label={trans.__('Charts')}>
      {children}
      <Segmented
        label={trans.__('X axis')}
        value={options.axis}
        options={[
          { value: 'step', label: trans.__('Step') },
          { value: 'time', label: trans.__('Time') },
        ]}
        onChange={axis => onChange({ ...options, axis })}
      />
      <label>
        {trans.__('Smoothing')}
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={options.smoothing}
          aria-valuetext={options.smoothing.toFixed(2)}
          onChange={event => onChange({ ...options, smoothing: Number(event.target.value) })}
        />
        <span className="myd-number myd-smoothing">{options.smoothing.toFixed(2)}</span>
      </label>
      <label>
        <input
          type="checkbox"
          checked={options.log}
          onChange={event => onChange({ ...options, log: event.target.checked })}
        />
        {trans.__('Logarithmic')}
      </label>
    </div>
  );
}

interface ICardProps extends IMetricsProps {
  name: string;
  options: IChartOptions;
}

function ChartCard({ name, runs, histories, options }: ICardProps): React.ReactElement {
  const trans = useTrans();
  const [seen, setSeen] = React.useState(false);
  useSignal(histories.changed);
  // The color is the run's place among all compared ones, also where one lacks the metric.
  const having = runs
    .map((run, color) => ({ run, color }))
    .filter(({ run }) => name in run.metrics);
  const ids = having.map(({ run }) => run.id).join(' ');
  React.useEffect(() => {
    if (!seen) {
      return undefined;
    }
    const stops = ids.split(' ').map(id => histories.watch(id, name));
    return () => stops.forEach(stop => stop());
  }, [seen, ids, name, histories]);
  const points = having.map(({ run }) => histories.history(run.id, name));
  const series = React.useMemo(
    () =>
      having.flatMap(({ run, color }, index) => {
        const history = points[index];
        const start = run.started ?? run.created;
        const label = runs.length === 1 ? trans.__('value') : run.name;
        return history ? [{ label, color, ...drawn(history, start, options) }] : [];
      }),
    // `points` holds the same objects until new points arrived.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [...points, ids, options, trans],
  );
  const error = having.map(({ run }) => histories.error(run.id, name)).find(Boolean);
  const [only] = having;
  return (
    <figure className="myd-chart-card">
      <figcaption>
        <span className="myd-ellipsis" title={name}>
          {name}
        </span>
        {runs.length === 1 && (
          <span className="myd-number">{formatNumber(toNumber(only.run.metrics[name].last))}</span>
        )}
      </figcaption>
      {!seen && <InView onView={() => setSeen(true)} />}
      {error && <div className="myd-field-error">{error.message}</div>}
      {series.length > 0 ? (
        <LineChart
          series={series}
          label={trans.__('Curve of %1', name)}
          xKind={options.axis === 'time' ? 'elapsed' : 'step'}
          logY={options.log}
          height={180}
        />
      ) : (
        <div className="myd-chart-blank" />
      )}
    </figure>
  );
}

/** Calls back once when it comes near the visible part of the page. */
function InView({ onView }: { onView: () => void }): React.ReactElement {
  const mark = React.useRef<HTMLDivElement>(null);
  const callback = React.useRef(onView);
  React.useEffect(() => {
    callback.current = onView;
  }, [onView]);
  React.useEffect(() => {
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) {
          callback.current();
        }
      },
      { rootMargin: '300px' },
    );
    if (mark.current) {
      observer.observe(mark.current);
    }
    return () => observer.disconnect();
  }, []);
  return <div ref={mark} className="myd-in-view" />;
}
