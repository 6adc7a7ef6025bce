import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { ExperimentInfo } from '../api/schema';
import { formatTime, plural, relativeTime } from '../ui/format';
import { useDisposable } from '../ui/hooks';
import { experimentIcon, trashIcon } from '../ui/icons';
import { InlineEdit } from '../ui/inlineedit';
import { Note } from '../ui/markdown';
import { ObjectPage } from '../ui/objectpage';
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
  const { model, id, tab } = props;
  const trans = useTrans();
  const gone = trans.__('There is no such experiment: it may have been deleted.');
  return (
    <ObjectPage collection={model.experiments} id={String(id)} tab={tab} gone={gone}>
      {experiment => <Loaded {...props} experiment={experiment} />}
    </ObjectPage>
  );
}

function Loaded(props: IPageParts & { experiment: ExperimentInfo }): React.ReactElement {
  const { experiment, tab, state: db } = props;
  const { id, name } = experiment;
  const choice = useDisposable(() => new ColumnChoice(db, id), [db, id]);
  React.useEffect(() => tab.setTitle(name), [name, tab]);
  return (
    <div className="myd-page-column myd-mod-full">
      <Header {...props} experiment={experiment} />
      <Runs {...props} choice={choice} experiment={experiment} />
    </div>
  );
}

function Header(props: IPageParts & { experiment: ExperimentInfo }): React.ReactElement {
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
