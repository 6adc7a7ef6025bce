import { runIcon, stopIcon, terminalIcon } from '@jupyterlab/ui-components';
import type { Session } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { InstanceInfo } from '../api/schema';
import type { IDevices } from '../devices/tokens';
import { Badge } from '../ui/badge';
import { TextButton } from '../ui/buttons';
import { formatTime, relativeTime } from '../ui/format';
import { useNow } from '../ui/hooks';
import { computeIcon, notebookIcon, restartIcon, trashIcon } from '../ui/icons';
import { ObjectPage } from '../ui/objectpage';
import { PageHeader } from '../ui/page';
import type { PageTab } from '../ui/pages';
import { useTrans } from '../ui/translation';
import { LogPanel } from './log';
import { blockedBy, ComputeModel, offered } from './model';
import { InstanceNotice } from './notice';
import { DetailsPanel, ExitPanel, KernelsPanel, UsagePanel } from './panels';
import { CommandIDs } from './tokens';

export interface InstancePageProps {
  name: string;
  tab: PageTab;
  model: ComputeModel;
  /** Null where nothing tells of devices. */
  devices: IDevices | null;
  commands: CommandRegistry;
  sessions: Session.IManager;
}

/** All about one instance. */
export default function InstancePage(props: InstancePageProps): React.ReactElement {
  const { name, tab, model, commands } = props;
  const trans = useTrans();
  return (
    <ObjectPage
      collection={model.instances}
      id={name}
      tab={tab}
      gone={trans.__('There is no compute instance “%1” any more.', name)}
      action={
        <TextButton onClick={() => commands.execute(CommandIDs.create)}>
          {trans.__('New instance')}
        </TextButton>
      }
    >
      {instance => <Loaded {...props} instance={instance} />}
    </ObjectPage>
  );
}

function Loaded(props: InstancePageProps & { instance: InstanceInfo }): React.ReactElement {
  const { instance, model, devices, commands, sessions } = props;
  const { name } = instance;
  return (
    <>
      <Header instance={instance} commands={commands} />
      <div className="myd-page-body">
        <InstanceNotice instance={instance} />
        <div className="myd-panels">
          <DetailsPanel instance={instance} model={model} />
          <div className="myd-stack">
            {instance.exit && <ExitPanel exit={instance.exit} />}
            {devices && instance.gpus > 0 && <devices.Held kind="instance" name={name} />}
            <UsagePanel instance={instance} model={model} />
            <KernelsPanel instance={instance} commands={commands} sessions={sessions} />
          </div>
          <div className="myd-mod-wide">
            <LogPanel instance={instance} model={model} />
          </div>
        </div>
      </div>
    </>
  );
}

function Header(props: { instance: InstanceInfo; commands: CommandRegistry }): React.ReactElement {
  const { instance, commands } = props;
  const trans = useTrans();
  const now = useNow();
  const run = (command: string) => () => commands.execute(command, { name: instance.name });
  const running = instance.state === 'running';
  const can = offered(instance);
  const reason = blockedBy(instance);
  const blocked = { disabled: reason !== '', title: reason || undefined };
  const actions = (
    <>
      {can.run && (
        <>
          <TextButton
            {...blocked}
            kind="accept"
            icon={notebookIcon}
            onClick={run(CommandIDs.notebook)}
          >
            {trans.__('Open notebook')}
          </TextButton>
          <TextButton {...blocked} icon={terminalIcon} onClick={run(CommandIDs.terminal)}>
            {trans.__('Open terminal')}
          </TextButton>
          <TextButton {...blocked} icon={restartIcon} onClick={run(CommandIDs.restart)}>
            {trans.__('Restart')}
          </TextButton>
        </>
      )}
      {can.start && (
        <TextButton {...blocked} kind="accept" icon={runIcon} onClick={run(CommandIDs.start)}>
          {trans.__('Start')}
        </TextButton>
      )}
      {can.stop && (
        <TextButton {...blocked} icon={stopIcon} onClick={run(CommandIDs.stop)}>
          {trans.__('Stop')}
        </TextButton>
      )}
      {commands.isEnabled(CommandIDs.move, { name: instance.name }) && (
        <TextButton onClick={run(CommandIDs.move)}>{trans.__('Move…')}</TextButton>
      )}
      <TextButton
        icon={trashIcon}
        disabled={instance.state === 'deleting'}
        onClick={run(CommandIDs.remove)}
      >
        {trans.__('Delete')}
      </TextButton>
    </>
  );
  const since =
    running && instance.started
      ? trans.__('started %1', relativeTime(instance.started, now))
      : trans.__('created %1', relativeTime(instance.created, now));
  return (
    <PageHeader
      icon={computeIcon}
      title={instance.name}
      badge={<Badge state={instance.state} />}
      actions={actions}
    >
      <span>{trans.__('Compute instance')}</span>
      <span title={formatTime(running ? instance.started : instance.created)}>{since}</span>
    </PageHeader>
  );
}
