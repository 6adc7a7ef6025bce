import { refreshIcon } from '@jupyterlab/ui-components';
import type { Session } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Exit, InstanceInfo } from '../api/schema';
import { IconButton } from '../ui/buttons';
import { engineName } from '../ui/engines';
import { EmptyState, ErrorState, Skeleton } from '../ui/feedback';
import { formatBytes, formatTime } from '../ui/format';
import { useAsync, useSignal } from '../ui/hooks';
import { notebookIcon } from '../ui/icons';
import { KeyValues } from '../ui/keyvalues';
import { List, ListRow } from '../ui/list';
import { Meter } from '../ui/meter';
import { Panel } from '../ui/page';
import { useTrans } from '../ui/translation';
import type { ComputeModel } from './model';

/** What it is made of. */
export function DetailsPanel(props: {
  instance: InstanceInfo;
  model: ComputeModel;
}): React.ReactElement {
  const { instance, model } = props;
  const trans = useTrans();
  useSignal(model.live.statusChanged);
  const engine = model.live.status?.engines.find(({ name }) => name === instance.engine);
  // A local process is on no image at all.
  const image = engine?.isolated ? trans.__('the workspace’s own') : '';
  const gpus = instance.shared
    ? trans.__('%1, shared with others', instance.gpus)
    : String(instance.gpus);
  return (
    <Panel title={trans.__('Details')}>
      <KeyValues
        items={[
          [trans.__('Size'), instance.size],
          [trans.__('CPUs'), String(instance.cpus)],
          [trans.__('Memory'), formatBytes(instance.memory)],
          [trans.__('GPUs'), gpus],
          [trans.__('Image'), instance.image || image],
          [trans.__('Engine'), engineName(instance.engine, trans)],
          [trans.__('Kernel'), `Python 3 · ${instance.name}`],
          [trans.__('Created'), formatTime(instance.created)],
          [trans.__('Started'), formatTime(instance.started)],
        ]}
      />
    </Panel>
  );
}

/** What it occupies, measured when the page opens and when asked for. */
export function UsagePanel(props: {
  instance: InstanceInfo;
  model: ComputeModel;
}): React.ReactElement {
  const { instance, model } = props;
  const trans = useTrans();
  const { value, error, reload } = useAsync(
    signal => model.usage(instance.name, signal),
    [model, instance.name, instance.state],
  );
  const memory = value?.memory ?? null;
  const cpu = value?.cpu_percent ?? null;
  return (
    <Panel
      title={trans.__('Usage')}
      actions={<IconButton icon={refreshIcon} label={trans.__('Measure again')} onClick={reload} />}
    >
      {error !== null && <ErrorState error={error} retry={reload} />}
      {!value && error === null && <Skeleton rows={2} />}
      {value && (
        <>
          {memory !== null && (
            <Meter
              label={trans.__('Memory')}
              fraction={memory / instance.memory}
              text={`${formatBytes(memory)} / ${formatBytes(instance.memory)}`}
            />
          )}
          {cpu !== null && (
            <Meter
              label={trans.__('CPU')}
              fraction={cpu / 100 / instance.cpus}
              text={`${cpu.toFixed(0)} % / ${(instance.cpus * 100).toFixed(0)} %`}
            />
          )}
          <KeyValues items={[[trans.__('Disk of its own'), formatBytes(value.disk)]]} />
        </>
      )}
    </Panel>
  );
}

/** The notebooks and consoles whose kernel runs on it. */
export function KernelsPanel(props: {
  instance: InstanceInfo;
  commands: CommandRegistry;
  sessions: Session.IManager;
}): React.ReactElement {
  const { instance, commands, sessions } = props;
  const trans = useTrans();
  useSignal(sessions.runningChanged);
  // Jupyter asks for its list of kernels now and then only: those of a stopped one stay in it.
  const known = instance.state === 'running' ? [...sessions.running()] : [];
  const ours = known.filter(one => one.kernel?.name === instance.kernelspec);
  return (
    <Panel title={trans.__('Kernels')}>
      {ours.length === 0 ? (
        <EmptyState>
          {instance.state === 'running'
            ? trans.__(
                'Choose the kernel “Python 3 · %1” in any notebook, or open a new one on it.',
                instance.name,
              )
            : trans.__('No kernel is alive on it.')}
        </EmptyState>
      ) : (
        <List
          items={ours}
          label={trans.__('Kernels on %1', instance.name)}
          render={session => (
            <ListRow
              key={session.id}
              kind="session"
              id={session.id}
              icon={notebookIcon}
              title={session.name || session.path}
              tooltip={session.path}
              subtitle={session.type}
              onOpen={() => void commands.execute('docmanager:open', { path: session.path })}
            />
          )}
        />
      )}
    </Panel>
  );
}

/** Why its container stopped the last time. */
export function ExitPanel({ exit }: { exit: Exit }): React.ReactElement {
  const trans = useTrans();
  return (
    <Panel title={trans.__('Last stop')}>
      <KeyValues
        items={[
          [trans.__('Reason'), exit.message],
          [trans.__('Exit code'), String(exit.code)],
          [trans.__('Out of memory'), exit.oom ? trans.__('Yes: take a larger size') : ''],
          [trans.__('At'), formatTime(exit.at)],
        ]}
      />
    </Panel>
  );
}
