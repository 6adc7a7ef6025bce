import { addIcon, editIcon, undoIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { ExperimentInfo, RunInfo } from '../api/schema';
import { CollectionSection } from '../ui/collectionsection';
import { EmptyState, ErrorState, Skeleton } from '../ui/feedback';
import { formatNumber, plural, relativeTime } from '../ui/format';
import { useNow, useSignal } from '../ui/hooks';
import { experimentIcon, trashIcon } from '../ui/icons';
import { List, ListRow } from '../ui/list';
import { useFold } from '../ui/section';
import { TextButton } from '../ui/buttons';
import { useTrans } from '../ui/translation';
import { isActive } from './columns';
import { headline } from './metrics';
import { filterExperiments, TrackingModel } from './model';
import { RunBadge } from './status';
import { CommandIDs } from './tokens';

/** The line that makes a first run. */
const FIRST_RUN = '%%ml run --experiment demo';

interface IParts {
  model: TrackingModel;
  commands: CommandRegistry;
}

/** The sidebar's list of experiments and their latest runs. */
export function ExperimentsSection({ model, commands }: IParts): React.ReactElement {
  const trans = useTrans();
  const [deleted, setDeleted] = React.useState(false);
  const title = deleted ? trans.__('Deleted experiments') : trans.__('Experiments');
  return (
    <CollectionSection
      id="experiments"
      title={title}
      collection={deleted ? model.deleted : model.experiments}
      filter={filterExperiments}
      render={item => (
        <ExperimentRow key={item.id} experiment={item} model={model} commands={commands} />
      )}
      words={{
        list: title,
        failed: trans.__('Cannot list the experiments'),
        find: trans.__('Find experiments'),
        noMatch: query => trans.__('No experiment is called “%1”.', query),
      }}
      empty={
        deleted ? (
          <EmptyState>{trans.__('No experiment was deleted.')}</EmptyState>
        ) : (
          <EmptyState code={FIRST_RUN}>
            {trans.__('Runs are grouped in experiments. Begin a notebook cell with this line:')}
          </EmptyState>
        )
      }
      actions={[
        {
          icon: trashIcon,
          label: deleted ? trans.__('Show experiments') : trans.__('Show deleted experiments'),
          pressed: deleted,
          onClick: () => setDeleted(!deleted),
        },
        {
          icon: addIcon,
          label: trans.__('New experiment'),
          onClick: () => void commands.execute(CommandIDs.createExperiment),
        },
      ]}
    />
  );
}

function ExperimentRow(props: IParts & { experiment: ExperimentInfo }): React.ReactElement {
  const { experiment, commands } = props;
  const trans = useTrans();
  const [open, toggle] = useFold(`experiment/${experiment.id}`, false);
  const now = useNow(30);
  const args = { id: experiment.id };
  const act = (command: string) => () => void commands.execute(command, args);
  const actions = experiment.deleted
    ? [{ icon: undoIcon, label: trans.__('Restore'), onClick: act(CommandIDs.restoreExperiment) }]
    : [
        { icon: editIcon, label: trans.__('Rename…'), onClick: act(CommandIDs.renameExperiment) },
        { icon: trashIcon, label: trans.__('Delete'), onClick: act(CommandIDs.deleteExperiment) },
      ];
  const active = experiment.active > 0 && (
    <span
      className="myd-live-dot"
      role="img"
      aria-label={plural(experiment.active, 'active run')}
      title={plural(experiment.active, 'active run')}
    />
  );
  return (
    <ListRow
      kind={experiment.deleted ? 'deleted-experiment' : 'experiment'}
      id={String(experiment.id)}
      title={experiment.name}
      subtitle={`${plural(experiment.runs, 'run')} · ${relativeTime(experiment.updated, now)}`}
      icon={experimentIcon}
      badge={active}
      actions={actions}
      onOpen={experiment.deleted ? undefined : act(CommandIDs.openExperiment)}
      onDelete={experiment.deleted ? undefined : act(CommandIDs.deleteExperiment)}
      expanded={open}
      onToggle={experiment.deleted ? undefined : toggle}
    >
      {open && !experiment.deleted && <RecentRuns {...props} />}
    </ListRow>
  );
}

function RecentRuns(props: IParts & { experiment: ExperimentInfo }): React.ReactElement {
  const { experiment, model, commands } = props;
  const trans = useTrans();
  const list = model.recent(experiment.id);
  useSignal(list.changed);
  if (list.state === 'error' && list.items.length === 0) {
    return <ErrorState error={list.error} retry={() => void list.refresh()} />;
  }
  if (list.state === 'loading') {
    return <Skeleton rows={2} />;
  }
  const runs = list.items.slice(0, list.query.limit);
  return (
    <>
      {runs.length === 0 ? (
        <EmptyState>{trans.__('No runs yet.')}</EmptyState>
      ) : (
        <List
          items={runs}
          label={trans.__('Latest runs of %1', experiment.name)}
          render={run => <RunRow key={run.id} run={run} commands={commands} />}
        />
      )}
      {list.total > runs.length && (
        <div className="myd-list-more" data-level={1}>
          <TextButton
            kind="link"
            onClick={() => void commands.execute(CommandIDs.openExperiment, { id: experiment.id })}
          >
            {trans.__('All %1 runs', list.total.toLocaleString())}
          </TextButton>
        </div>
      )}
    </>
  );
}

function RunRow(props: { run: RunInfo; commands: CommandRegistry }): React.ReactElement {
  const { run, commands } = props;
  const trans = useTrans();
  const now = useNow(30);
  const best = headline(run.metrics);
  const metric = best ? `${best.key} ${formatNumber(best.value, 4)}` : '';
  const act = (command: string) => () => void commands.execute(command, { id: run.id });
  return (
    <ListRow
      kind="run"
      id={run.id}
      level={1}
      title={run.name}
      tooltip={`${run.name}\n${run.status} · ${relativeTime(run.created, now)}`}
      subtitle={metric || relativeTime(run.created, now)}
      badge={<RunBadge run={run} compact={!isActive(run)} />}
      actions={[{ icon: trashIcon, label: trans.__('Delete'), onClick: act(CommandIDs.deleteRun) }]}
      onOpen={act(CommandIDs.openRun)}
      onDelete={act(CommandIDs.deleteRun)}
    />
  );
}
