import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Live } from '../api/live';
import type { EngineInfo } from '../api/schema';
import { Badge } from '../ui/badge';
import { IconButton } from '../ui/buttons';
import { ErrorState } from '../ui/feedback';
import { formatBytes, plural } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { SectionStateProvider } from '../ui/section';
import { useTrans } from '../ui/translation';
import type { Sections, StoredSectionState } from './sections';

export interface SidebarPanelProps {
  sections: Sections;
  state: StoredSectionState;
  live: Live;
  /** Fetch again what all sections show. */
  refresh: () => void;
}

/** The Modelyard panel: sections, and below them what containers run on. */
export function SidebarPanel(props: SidebarPanelProps): React.ReactElement {
  const { sections, state, live, refresh } = props;
  const trans = useTrans();
  useSignal(sections.changed, live.statusChanged, live.connectedChanged);
  const unreachable = live.status === null && live.statusError !== null;
  return (
    <SectionStateProvider value={state}>
      <div className="myd-sidebar-head">
        <h2 className="myd-sidebar-title" title={live.status?.workspace}>
          {trans.__('Modelyard')}
        </h2>
        <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={refresh} />
      </div>
      {!live.connected && !unreachable && (
        <div className="myd-sidebar-notice" role="alert">
          {trans.__(
            'The server does not answer; trying again. What you see is what it said last. ' +
              'If it was stopped, start it with:',
          )}{' '}
          <code>modelyard up</code>
        </div>
      )}
      <div className="myd-sidebar-sections">
        {unreachable ? (
          <ErrorState
            title={trans.__('The workspace does not answer')}
            error={live.statusError}
            retry={refresh}
          />
        ) : (
          sections.all.map(({ id, Component }) => <Component key={id} />)
        )}
      </div>
      {live.status && <EngineLine engine={live.status.engine} />}
    </SectionStateProvider>
  );
}

/** What starts containers here; when it is not Docker, why, and how to get it. */
export function EngineLine({ engine }: { engine: EngineInfo }): React.ReactElement {
  const trans = useTrans();
  const isDocker = engine.name === 'docker';
  const tone = !engine.available ? 'bad' : isDocker ? 'good' : 'warning';
  // The first sentence says what it is, the others why it is not Docker.
  const [label, ...reasons] = engine.message.split(/(?<=\.) /);
  const machine = [
    plural(engine.cpus, 'CPU'),
    formatBytes(engine.memory),
    engine.gpus > 0 ? plural(engine.gpus, 'GPU') : '',
  ]
    .filter(Boolean)
    .join(' · ');
  const explanation = [...reasons, engine.hint].join(' ').trim();
  return (
    <footer className="myd-engine" aria-label={trans.__('Engine')} data-testid="myd-engine">
      <div className="myd-engine-line">
        <Badge
          state={engine.name}
          label={label.replace(/\.$/, '')}
          tone={tone}
          title={engine.message}
        />
        <span className="myd-engine-machine" title={machine}>
          {machine}
        </span>
      </div>
      {explanation && <div className="myd-engine-hint">{explanation}</div>}
    </footer>
  );
}
