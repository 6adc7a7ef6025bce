import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Experiment } from '../api/schema';
import { ErrorState, Skeleton } from '../ui/feedback';
import { formatTime, plural, relativeTime } from '../ui/format';
import { useCloseWhenGone, useCollection, useDisposable } from '../ui/hooks';
import { experimentIcon, trashIcon } from '../ui/icons';
import { InlineEdit } from '../ui/inlineedit';
import { Note } from '../ui/markdown';
import { PageHeader } from '../ui/page';
import { TextButton } from '../ui/buttons';
import type { PageTab } from '../ui/pages';
import { useTrans } from '../ui/translation';
import { ColumnChoice } from './choice';
import type { TrackingModel } from './model';
import { Runs } from './runs';
import { CommandIDs } from './tokens';

export interface IPageParts {
  model: TrackingModel;
  commands: CommandRegistry;
  rendermime: IRenderMimeRegistry;
  state: IStateDB | null;
  tab: PageTab;
}

/** An experiment and its runs. */
export default function ExperimentPage(props: IPageParts & { id: number }): React.ReactElement {
  const { model, id, tab, state: db } = props;
  const { state, error } = useCollection(model.experiments);
  const trans = useTrans();
  const experiment = model.experiments.get(String(id));
  useCloseWhenGone(experiment !== undefined, state === 'ready', tab.close);
  const choice = useDisposable(() => new ColumnChoice(db, id), [db, id]);
  const name = experiment?.name;
  React.useEffect(() => {
    if (name !== undefined) {
      tab.setTitle(name);
    }
  }, [name, tab]);
  if (experiment) {
    return (
      <div className="myd-page-column myd-mod-full">
        <Header {...props} experiment={experiment} />
        <Runs {...props} choice={choice} experiment={experiment} />
      </div>
    );
  }
  if (state === 'loading') {
    return <Skeleton rows={8} />;
  }
  const gone = { message: trans.__('There is no such experiment: it may have been deleted.') };
  return (
    <ErrorState error={error ?? gone} retry={() => void model.experiments.refresh()}>
      <TextButton onClick={() => tab.close()}>{trans.__('Close')}</TextButton>
    </ErrorState>
  );
}

function Header(props: IPageParts & { experiment: Experiment }): React.ReactElement {
  const { model, commands, rendermime, experiment } = props;
  const trans = useTrans();
  const { id } = experiment;
  return (
    <PageHeader
      icon={experimentIcon}
      title={
        <InlineEdit
          value={experiment.name}
          label={trans.__('Rename the experiment')}
          onSave={name => model.rename(id, name.trim())}
        />
      }
      actions={
        <TextButton
          icon={trashIcon}
          onClick={() => commands.execute(CommandIDs.deleteExperiment, { id })}
        >
          {trans.__('Delete')}
        </TextButton>
      }
    >
      <span className="myd-muted" title={formatTime(experiment.created)}>
        {plural(experiment.runs, 'run')}
        {experiment.active > 0 && ` · ${trans.__('%1 active', experiment.active)}`}
        {` · ${trans.__('created %1', relativeTime(experiment.created))}`}
      </span>
      <Note
        note={experiment.note}
        rendermime={rendermime}
        onSave={note => model.setNote(id, note)}
      />
    </PageHeader>
  );
}
