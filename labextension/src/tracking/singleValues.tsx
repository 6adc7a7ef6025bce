import * as React from 'react';

import type { RunInfo } from '../api/schema';
import { formatNumber } from '../ui/format';
import { useTrans } from '../ui/translation';
import { toNumber } from './metrics';

export interface ISingleValuesProps {
  keys: readonly string[];
  runs: readonly RunInfo[];
}

/** Metrics that were logged once: a number says more than a chart with one point. */
export function SingleValues({ keys, runs }: ISingleValuesProps): React.ReactElement {
  const trans = useTrans();
  return (
    <section className="myd-single" aria-label={trans.__('Single values')}>
      {keys.map(key => (
        <div key={key} className="myd-single-card">
          <div className="myd-ellipsis myd-muted" title={key}>
            {key}
          </div>
          {runs.map((run, index) => {
            const summary = run.metrics[key];
            return (
              <div key={run.id} className="myd-single-value" title={run.name}>
                {runs.length > 1 && <span className="myd-swatch" data-series={index} />}
                {summary ? formatNumber(toNumber(summary.last)) : '–'}
              </div>
            );
          })}
        </div>
      ))}
    </section>
  );
}
