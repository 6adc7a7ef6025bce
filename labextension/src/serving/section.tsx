import { addIcon, copyIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { EndpointInfo } from '../api/schema';
import { Badge } from '../ui/badge';
import { CollectionSection } from '../ui/collectionsection';
import { engineWhenSeveral } from '../ui/engines';
import { EmptyState, ErrorState, ProgressLine } from '../ui/feedback';
import { useSignal } from '../ui/hooks';
import { endpointIcon, trashIcon } from '../ui/icons';
import { ListRow } from '../ui/list';
import { useTrans } from '../ui/translation';
import { blockedBy, failureOf, filterEndpoints, progressOf, served, ServingModel } from './model';
import { CommandIDs } from './tokens';

/** The line that makes a first endpoint. */
const FIRST_ENDPOINT = 'ws.endpoints.deploy("my-endpoint", model="my-model:1")';

interface IParts {
  model: ServingModel;
  commands: CommandRegistry;
}

/** The sidebar's list of endpoints. */
export function EndpointsSection({ model, commands }: IParts): React.ReactElement {
  const trans = useTrans();
  useSignal(model.live.statusChanged);
  return (
    <CollectionSection
      id="endpoints"
      title={trans.__('Endpoints')}
      collection={model.endpoints}
      filter={filterEndpoints}
      render={item => (
        <EndpointRow
          key={item.name}
          endpoint={item}
          engine={engineWhenSeveral(item.engine, model.live.status, trans)}
          commands={commands}
        />
      )}
      words={{
        list: trans.__('Endpoints'),
        failed: trans.__('Cannot list the endpoints'),
        find: trans.__('Find endpoints'),
        noMatch: query => trans.__('No endpoint matches “%1”.', query),
      }}
      empty={
        <EmptyState code={FIRST_ENDPOINT}>
          {trans.__('Deploy a model version from its page, or in a notebook:')}
        </EmptyState>
      }
      actions={[
        {
          icon: addIcon,
          label: trans.__('Deploy a model'),
          onClick: () => void commands.execute(CommandIDs.deploy),
        },
      ]}
    />
  );
}

interface IRowProps {
  endpoint: EndpointInfo;
  /** Said where there are several. */
  engine: string;
  commands: CommandRegistry;
}

function EndpointRow({ endpoint, engine, commands }: IRowProps): React.ReactElement {
  const trans = useTrans();
  const progress = progressOf(endpoint);
  const reason = blockedBy(endpoint);
  const failure = failureOf(endpoint) ?? (reason ? { message: reason, hint: '' } : null);
  const act = (command: string) => () => void commands.execute(command, { name: endpoint.name });
  return (
    <ListRow
      kind="endpoint"
      id={endpoint.name}
      title={endpoint.name}
      subtitle={[served(endpoint), engine].filter(Boolean).join(' · ')}
      tooltip={[endpoint.name, endpoint.url, engine].filter(Boolean).join('\n')}
      icon={endpointIcon}
      badge={<Badge state={endpoint.state} title={failure?.message} />}
      actions={[
        { icon: copyIcon, label: trans.__('Copy URL'), onClick: act(CommandIDs.copyUrl) },
        { icon: trashIcon, label: trans.__('Delete'), onClick: act(CommandIDs.deleteEndpoint) },
      ]}
      onOpen={act(CommandIDs.open)}
      onDelete={act(CommandIDs.deleteEndpoint)}
    >
      {progress && <ProgressLine progress={progress} />}
      {failure && <ErrorState error={failure} />}
    </ListRow>
  );
}
