import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Model, ModelVersionInfo } from '../api/schema';
import { CollectionSection } from '../ui/collectionsection';
import { EmptyState } from '../ui/feedback';
import { plural, relativeTime } from '../ui/format';
import { useNow } from '../ui/hooks';
import { endpointIcon, modelIcon, trashIcon } from '../ui/icons';
import { List, ListRow } from '../ui/list';
import { useFold } from '../ui/section';
import { useTrans } from '../ui/translation';
import { filterModels, RegistryModel } from './model';
import { CommandIDs } from './tokens';

/** The line that registers a first model. */
const FIRST_MODEL = 'run.register("my-model", path="model")';

interface IParts {
  model: RegistryModel;
  commands: CommandRegistry;
}

/** The sidebar's list of registered models and their versions. */
export function ModelsSection({ model, commands }: IParts): React.ReactElement {
  const trans = useTrans();
  return (
    <CollectionSection
      id="models"
      title={trans.__('Models')}
      collection={model.models}
      filter={filterModels}
      render={item => <ModelRow key={item.name} item={item} commands={commands} />}
      words={{
        list: trans.__('Models'),
        failed: trans.__('Cannot list the models'),
        find: trans.__('Find models'),
        noMatch: query => trans.__('No model is called “%1”.', query),
      }}
      empty={
        <EmptyState code={FIRST_MODEL}>
          {trans.__('Register a model from the page of its run, or in a notebook:')}
        </EmptyState>
      }
    />
  );
}

function ModelRow(props: { item: Model; commands: CommandRegistry }): React.ReactElement {
  const { item, commands } = props;
  const trans = useTrans();
  const [open, toggle] = useFold(`model/${item.name}`, false);
  const now = useNow(30);
  const latest = item.versions[0];
  const versions = plural(item.versions.length, 'version');
  const served = latest !== undefined && latest.endpoints.length > 0;
  const act = (command: string) => () => void commands.execute(command, { name: item.name });
  return (
    <ListRow
      kind="model"
      id={item.name}
      title={item.name}
      subtitle={`${versions} · ${relativeTime(item.updated, now)}`}
      icon={modelIcon}
      badge={
        <span
          className="myd-version"
          title={
            served
              ? trans.__('Newest version, served by %1', latest.endpoints.join(', '))
              : trans.__('Newest version')
          }
          data-served={served || undefined}
        >
          {latest ? `v${latest.version}` : ''}
        </span>
      }
      actions={[
        { icon: trashIcon, label: trans.__('Delete'), onClick: act(CommandIDs.deleteModel) },
      ]}
      onOpen={act(CommandIDs.open)}
      onDelete={act(CommandIDs.deleteModel)}
      expanded={open}
      onToggle={toggle}
    >
      {open && (
        <List
          items={item.versions}
          label={trans.__('Versions of %1', item.name)}
          render={version => (
            <VersionRow key={version.version} version={version} commands={commands} />
          )}
        />
      )}
    </ListRow>
  );
}

interface IVersionProps {
  version: ModelVersionInfo;
  commands: CommandRegistry;
}

function VersionRow({ version, commands }: IVersionProps): React.ReactElement {
  const trans = useTrans();
  const now = useNow(30);
  const { name, endpoints } = version;
  const args = { name, version: version.version };
  const served = endpoints.length > 0;
  return (
    <ListRow
      kind="model-version"
      id={`${name}:${version.version}`}
      level={1}
      title={trans.__('Version %1', version.version)}
      subtitle={`${version.flavor} · ${relativeTime(version.created, now)}`}
      badge={served && <endpointIcon.react tag="span" title={endpoints.join(', ')} />}
      actions={[
        {
          icon: endpointIcon,
          label: trans.__('Deploy…'),
          onClick: () =>
            void commands.execute(CommandIDs.deploy, { model: name, version: version.version }),
        },
        {
          icon: trashIcon,
          label: trans.__('Delete'),
          onClick: () => void commands.execute(CommandIDs.deleteVersion, args),
        },
      ]}
      onOpen={() => void commands.execute(CommandIDs.open, args)}
      onDelete={() => void commands.execute(CommandIDs.deleteVersion, args)}
    />
  );
}
