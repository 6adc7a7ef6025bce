import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { engineLine, engineSummary, enginesOf } from '../ui/engines';
import { useCollection, useSignal } from '../ui/hooks';
import { modelyardIcon } from '../ui/icons';
import type { ComputeModel } from './model';

export interface StatusItemProps {
  compute: ComputeModel;
  trans: TranslationBundle;
  /** Shows the Modelyard panel. */
  open: () => void;
}

/** 'Docker · 2 instances'. */
export function StatusItem({ compute, trans, open }: StatusItemProps): React.ReactElement | null {
  useSignal(compute.live.statusChanged);
  const { items } = useCollection(compute.instances);
  const { status } = compute.live;
  if (!status) {
    return null;
  }
  const engines = enginesOf(status);
  const running = items.filter(instance => instance.state === 'running');
  const text = engineSummary(engines, trans, running);
  return (
    <button
      type="button"
      className="myd-status-item"
      title={engines.map(engine => engineLine(engine, trans)).join('\n')}
      aria-label={trans.__('Modelyard: %1', text)}
      onClick={open}
    >
      <modelyardIcon.react tag="span" className="myd-icon" />
      {text}
    </button>
  );
}
