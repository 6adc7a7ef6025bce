import * as React from 'react';

import { TextButton } from '../ui/buttons';
import { CopyButton } from '../ui/code';
import { formatTime, relativeTime } from '../ui/format';
import { useNow } from '../ui/hooks';
import { modelIcon, runIcon, trashIcon } from '../ui/icons';
import { InlineEdit, Tags } from '../ui/inlineedit';
import { Note } from '../ui/markdown';
import { PageHeader } from '../ui/page';
import { useTrans } from '../ui/translation';
import { Duration } from './runCell';
import type { IRunParts } from './runPage';
import { RunBadge } from './status';
import { CommandIDs } from './tokens';

/** The head of a run's page: its name, state, place, tags and note. */
export function RunHeader(props: IRunParts): React.ReactElement {
  const { run, page, commands, rendermime } = props;
  const trans = useTrans();
  return (
    <PageHeader
      icon={runIcon}
      title={
        <InlineEdit
          value={run.name}
          label={trans.__('Rename the run')}
          onSave={name => page.run.update({ name: name.trim() })}
        />
      }
      badge={<RunBadge run={run} />}
      actions={
        <>
          <TextButton
            icon={modelIcon}
            onClick={() => commands.execute(CommandIDs.registerModel, { run: run.id })}
          >
            {trans.__('Register model…')}
          </TextButton>
          {run.deleted ? (
            <TextButton
              onClick={async () => {
                await commands.execute(CommandIDs.restoreRun, { id: run.id });
                await page.run.load();
              }}
            >
              {trans.__('Restore')}
            </TextButton>
          ) : (
            <TextButton
              icon={trashIcon}
              onClick={async () => {
                await commands.execute(CommandIDs.deleteRun, { id: run.id });
                await page.run.load();
              }}
            >
              {trans.__('Delete')}
            </TextButton>
          )}
        </>
      }
    >
      <Facts {...props} />
      <Tags tags={run.tags} onSave={tags => page.run.update({ tags })} />
      <Note note={run.note} rendermime={rendermime} onSave={note => page.run.update({ note })} />
    </PageHeader>
  );
}

function Facts({ run, commands }: IRunParts): React.ReactElement {
  const trans = useTrans();
  const now = useNow(30);
  const begun = run.started ?? run.created;
  return (
    <div className="myd-facts">
      {run.deleted && <b>{trans.__('Deleted')}</b>}
      <TextButton
        kind="link"
        title={trans.__('Open the experiment')}
        onClick={() => commands.execute(CommandIDs.openExperiment, { id: run.experiment_id })}
      >
        {run.experiment}
      </TextButton>
      <span title={trans.__('Where it ran')}>{run.compute || trans.__('this server')}</span>
      <span title={formatTime(begun)}>{trans.__('started %1', relativeTime(begun, now))}</span>
      <span title={trans.__('Duration')}>
        <Duration run={run} />
      </span>
      <span className="myd-id" title={run.id}>
        <code>{run.id.slice(0, 8)}</code>
        <CopyButton text={run.id} label={trans.__('Copy the id of the run')} />
      </span>
    </div>
  );
}
