import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Live } from '../api/live';
import type { EngineInfo } from '../api/schema';
import { Badge } from '../ui/badge';
import { IconButton } from '../ui/buttons';
import { enginesOf } from '../ui/engines';
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
        {sections.actions.map(({ label, icon, run }) => (
          <IconButton key={label} icon={icon} label={label} onClick={run} />
        ))}
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
      {(live.status?.problems ?? []).map(problem => (
        <div className="myd-sidebar-notice" role="alert" key={problem}>
          {problem}
        </div>
      ))}
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
      {live.status && <Engines engines={enginesOf(live.status)} />}
    </SectionStateProvider>
  );
}

/** The engines of the workspace, each with whether it answers; the default first. */
function Engines({ engines }: { engines: readonly EngineInfo[] }): React.ReactElement {
  const trans = useTrans();
  return (
    <div
      className="myd-engine"
      role="group"
      aria-label={engines.length > 1 ? trans.__('Engines') : trans.__('Engine')}
      data-testid="myd-engine"
    >
      {engines.map((engine, index) => (
        <EngineLine key={engine.name} engine={engine} isDefault={index === 0} />
      ))}
    </div>
  );
}

/** One engine; when it does not answer, or is a default without isolation, why, and how to mend it. */
function EngineLine(props: { engine: EngineInfo; isDefault: boolean }): React.ReactElement {
  const { engine, isDefault } = props;
  const isFallback = isDefault && !engine.isolated;
  const tone = !engine.available ? 'bad' : isFallback ? 'warning' : 'good';
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
    <>
      <div className="myd-engine-line">
        <Badge
          state={engine.name}
          label={label.replace(/\.$/, '')}
          tone={tone}
          title={[engine.message, engine.hint].filter(Boolean).join('\n')}
        />
        {engine.available && isDefault && (
          <span className="myd-engine-machine" title={machine}>
            {machine}
          </span>
        )}
      </div>
      {explanation && <div className="myd-engine-hint">{explanation}</div>}
    </>
  );
}
