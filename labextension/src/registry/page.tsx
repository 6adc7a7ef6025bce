import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Model, ModelVersionInfo } from '../api/schema';
import { TextButton } from '../ui/buttons';
import type { ColumnDef } from '../ui/datatable';
import { EmptyState } from '../ui/feedback';
import { formatBytes, plural, relativeTime } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { modelIcon, trashIcon } from '../ui/icons';
import { Tags } from '../ui/inlineedit';
import { DataTable } from '../ui/lazy';
import { Note } from '../ui/markdown';
import { ObjectPage } from '../ui/objectpage';
import { PageHeader } from '../ui/page';
import type { PageTab } from '../ui/pages';
import { useTrans } from '../ui/translation';
import { pickVersion, RegistryModel } from './model';
import { CommandIDs } from './tokens';
import { VersionView } from './version';

export interface IModelPageProps {
  name: string;
  model: RegistryModel;
  commands: CommandRegistry;
  rendermime: IRenderMimeRegistry;
  tab: PageTab;
}

/** What a part of the page is given. */
export interface IModelParts extends IModelPageProps {
  item: Model;
}

/** A registered model: its versions, and all about the chosen one. */
export default function ModelPage(props: IModelPageProps): React.ReactElement {
  const { name, model, tab } = props;
  const trans = useTrans();
  const gone = trans.__('There is no model “%1” any more.', name);
  return (
    <ObjectPage collection={model.models} id={name} tab={tab} gone={gone}>
      {item => <Loaded {...props} item={item} />}
    </ObjectPage>
  );
}

function Loaded(props: IModelParts): React.ReactElement {
  const { item, model, commands, rendermime, name } = props;
  const trans = useTrans();
  useSignal(model.chosenChanged);
  const version = pickVersion(item, model.chosen(name));
  return (
    <div className="myd-page-column">
      <PageHeader
        icon={modelIcon}
        title={name}
        actions={
          <TextButton
            icon={trashIcon}
            onClick={() => commands.execute(CommandIDs.deleteModel, { name })}
          >
            {trans.__('Delete model')}
          </TextButton>
        }
      >
        <span className="myd-muted">
          {plural(item.versions.length, 'version')}
          {` · ${trans.__('changed %1', relativeTime(item.updated))}`}
        </span>
        <Tags tags={item.tags} onSave={tags => model.setTags(name, tags)} />
        <Note note={item.note} rendermime={rendermime} onSave={note => model.setNote(name, note)} />
      </PageHeader>
      {version ? (
        <>
          <Versions {...props} shown={version} />
          <VersionView key={version.version} {...props} version={version} />
        </>
      ) : (
        <EmptyState>{trans.__('All versions of this model were deleted.')}</EmptyState>
      )}
    </div>
  );
}

function Versions(props: IModelParts & { shown: ModelVersionInfo }): React.ReactElement {
  const { item, model, name, shown } = props;
  const trans = useTrans();
  const columns = React.useMemo(
    (): ColumnDef<ModelVersionInfo, never>[] => [
      {
        id: 'version',
        header: trans.__('Version'),
        size: 80,
        accessorFn: version => version.version as never,
        cell: ({ row }) => (
          <TextButton kind="link" onClick={() => model.choose(name, row.original.version)}>
            {row.original.version}
          </TextButton>
        ),
      },
      {
        id: 'created',
        header: trans.__('Registered'),
        size: 130,
        accessorFn: version => version.created as never,
        cell: ({ row }) => relativeTime(row.original.created),
      },
      { id: 'run', header: trans.__('Run'), size: 160, accessorFn: each => each.run_name as never },
      {
        id: 'flavor',
        header: trans.__('Flavor'),
        size: 90,
        accessorFn: each => each.flavor as never,
      },
      {
        id: 'size',
        header: trans.__('Size'),
        size: 90,
        meta: { align: 'right' },
        accessorFn: version => version.size as never,
        cell: ({ row }) => formatBytes(row.original.size),
      },
      {
        id: 'endpoints',
        header: trans.__('Endpoints'),
        size: 140,
        accessorFn: version => version.endpoints.join(', ') as never,
      },
      {
        id: 'tags',
        header: trans.__('Tags'),
        size: 160,
        enableSorting: false,
        cell: ({ row }) => <Tags tags={row.original.tags} />,
      },
    ],
    [model, name, trans],
  );
  return (
    <div className="myd-versions">
      <DataTable
        rows={item.versions}
        columns={columns}
        rowId={version => String(version.version)}
        label={trans.__('Versions of %1', name)}
        kind="model-version"
        current={String(shown.version)}
        onOpen={version => model.choose(name, version.version)}
      />
    </div>
  );
}
