import { addIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { InstanceInfo } from '../api/schema';
import { Badge } from '../ui/badge';
import { TextButton } from '../ui/buttons';
import { CollectionSection } from '../ui/collectionsection';
import { EmptyState } from '../ui/feedback';
import { engineWhenSeveral } from '../ui/engines';
import { formatBytes, plural } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { computeIcon, notebookIcon, restartIcon, trashIcon } from '../ui/icons';
import { ListRow, RowAction } from '../ui/list';
import { matches } from '../ui/search';
import { useTrans } from '../ui/translation';
import { blockedBy, ComputeModel, offered } from './model';
import { InstanceNotice } from './notice';
import { CommandIDs } from './tokens';

export interface ComputeSectionProps {
  model: ComputeModel;
  commands: CommandRegistry;
}

/** The compute instances in the sidebar. */
export function ComputeSection({ model, commands }: ComputeSectionProps): React.ReactElement {
  const trans = useTrans();
  useSignal(model.live.statusChanged);
  const action = {
    label: trans.__('New instance'),
    onClick: () => void commands.execute(CommandIDs.create),
  };
  const purpose = trans.__(
    'A compute instance runs your notebooks, with the CPUs and memory you give it.',
  );
  return (
    <CollectionSection
      id="compute"
      title={trans.__('Compute')}
      collection={model.instances}
      filter={filterInstances}
      render={instance => (
        <InstanceRow
          key={instance.name}
          instance={instance}
          engine={engineWhenSeveral(instance.engine, model.live.status, trans)}
          commands={commands}
        />
      )}
      words={{
        list: trans.__('Compute instances'),
        failed: trans.__('Cannot list the compute instances'),
        find: trans.__('Find instances'),
        noMatch: query => trans.__('No compute instance matches “%1”.', query),
      }}
      empty={<EmptyState action={action}>{purpose}</EmptyState>}
      searchFrom={6}
      actions={[{ icon: addIcon, ...action }]}
    />
  );
}

function filterInstances(items: readonly InstanceInfo[], query: string): InstanceInfo[] {
  return items.filter(item => matches(query, item.name, item.state, item.size, item.image));
}

function InstanceRow(props: {
  instance: InstanceInfo;
  /** Said where there are several. */
  engine: string;
  commands: CommandRegistry;
}): React.ReactElement {
  const { instance, engine, commands } = props;
  const trans = useTrans();
  const run = (command: string) => (): void =>
    void commands.execute(command, { name: instance.name });
  const can = offered(instance);
  const reason = blockedBy(instance);
  const blocked = { disabled: reason !== '', reason };
  const actions: (RowAction | false)[] = [
    can.run && {
      ...blocked,
      icon: notebookIcon,
      label: trans.__('New notebook on %1', instance.name),
      onClick: run(CommandIDs.notebook),
    },
    can.start && {
      ...blocked,
      icon: runIcon,
      label: trans.__('Start %1', instance.name),
      onClick: run(CommandIDs.start),
    },
    can.run && {
      ...blocked,
      icon: restartIcon,
      label: trans.__('Restart %1', instance.name),
      onClick: run(CommandIDs.restart),
    },
    can.stop && {
      ...blocked,
      icon: stopIcon,
      label: trans.__('Stop %1', instance.name),
      onClick: run(CommandIDs.stop),
    },
    instance.state !== 'deleting' && {
      icon: trashIcon,
      label: trans.__('Delete %1', instance.name),
      onClick: run(CommandIDs.remove),
    },
  ];
  return (
    <ListRow
      kind="instance"
      id={instance.name}
      icon={computeIcon}
      title={instance.name}
      tooltip={tooltip(instance, engine)}
      subtitle={summary(instance, engine)}
      badge={<Badge state={instance.state} title={reason || instance.exit?.message} />}
      actions={actions.filter(action => action !== false)}
      onOpen={run(CommandIDs.open)}
      onDelete={run(CommandIDs.remove)}
    >
      <InstanceNotice instance={instance}>
        {instance.state === 'failed' && (
          <TextButton onClick={run(CommandIDs.open)}>{trans.__('Show log')}</TextButton>
        )}
      </InstanceNotice>
    </ListRow>
  );
}

/** 'small · 1 GPU · 1 kernel · Docker'. */
function summary(instance: InstanceInfo, engine: string): string {
  return [
    instance.size,
    instance.gpus > 0 ? plural(instance.gpus, 'GPU') : '',
    instance.kernels > 0 ? plural(instance.kernels, 'kernel') : '',
    engine,
    instance.image,
  ]
    .filter(Boolean)
    .join(' · ');
}

function tooltip(instance: InstanceInfo, engine: string): string {
  return [
    instance.name,
    `${plural(instance.cpus, 'CPU')}, ${formatBytes(instance.memory)}`,
    engine,
    instance.image,
    instance.exit?.message ?? '',
  ]
    .filter(Boolean)
    .join('\n');
}
