import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { plural } from '../ui/format';
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
  const engine = compute.live.status?.engine;
  if (!engine) {
    return null;
  }
  const running = items.filter(instance => instance.state === 'running').length;
  const name = engine.name === 'docker' ? trans.__('Docker') : trans.__('Local processes');
  const text = engine.available ? name : trans.__('%1 unavailable', name);
  return (
    <button
      type="button"
      className="myd-status-item"
      title={engine.message}
      aria-label={trans.__('Modelyard: %1', text)}
      onClick={open}
    >
      <modelyardIcon.react tag="span" className="myd-icon" />
      {running > 0 ? `${text} · ${plural(running, 'instance')}` : text}
    </button>
  );
}
